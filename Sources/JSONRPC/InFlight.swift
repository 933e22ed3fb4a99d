internal import JSON

/// The requests that are accepted and not answered yet. A pure table: it calls nothing.
///
/// A request is registered before its work starts and removed before its reply is written, so every cancel and every
/// answer finds it or finds it answered.
struct InFlight: Sendable {
  /// One request. Not its id, because two requests in flight may have the same id.
  typealias Ticket = Int

  /// One request in flight.
  struct Entry: Sendable {
    let id: RequestID
    /// Cancels it; `nil` for a request that cannot be cancelled.
    let cancel: (@Sendable () -> Void)?
  }

  private var entries: [Ticket: Entry] = [:]
  /// Requests that can be cancelled only, so that others pay nothing for it.
  private var cancellable: [RequestID: [Ticket]] = [:]
  private var lastTicket = 0

  var count: Int { entries.count }

  /// A ticket that was not used before.
  mutating func newTicket() -> Ticket {
    lastTicket += 1
    return lastTicket
  }

  /// Registers a request.
  mutating func begin(_ ticket: Ticket, _ entry: Entry) {
    entries[ticket] = entry
    if entry.cancel != nil { cancellable[entry.id, default: []].append(ticket) }
  }

  func contains(_ ticket: Ticket) -> Bool {
    entries[ticket] != nil
  }

  /// Removes a request and returns its entry; `nil` where it was removed before.
  ///
  /// The caller releases the entry outside of its lock, because releasing the closure may run code.
  mutating func finish(_ ticket: Ticket) -> Entry? {
    guard let entry = entries.removeValue(forKey: ticket) else { return nil }
    guard entry.cancel != nil else { return entry }
    if let rest = cancellable[entry.id]?.filter({ $0 != ticket }), !rest.isEmpty {
      cancellable[entry.id] = rest
    } else {
      cancellable[entry.id] = nil
    }
    return entry
  }

  /// The functions that cancel every request, in the order of arrival.
  var allCancels: [@Sendable () -> Void] { entries.sorted { $0.key < $1.key }.compactMap(\.value.cancel) }

  /// The functions that cancel every request with an id, in the order of arrival.
  func cancels(of id: RequestID) -> [@Sendable () -> Void] {
    (cancellable[id] ?? []).compactMap { entries[$0]?.cancel }
  }
}
