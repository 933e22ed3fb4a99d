internal import JSON

/// The requests that were accepted and are not answered yet. A pure table: nothing is called from here.
///
/// A request is registered before its work starts and removed before its reply is written, so that neither a cancel nor
/// an answer can come at a moment when it is not known.
struct InFlight: Sendable {
  /// One request. Not its id: two requests may be in flight under one id.
  typealias Ticket = Int

  /// What is known of a request in flight.
  struct Entry: Sendable {
    let id: RequestID
    /// What a cancel does; `nil` for a request that cannot be cancelled.
    let cancel: (@Sendable () -> Void)?
  }

  private var entries: [Ticket: Entry] = [:]
  /// Only those that can be cancelled, so that a quick commit pays nothing for it.
  private var cancellable: [RequestID: [Ticket]] = [:]
  private var lastTicket = 0

  var count: Int { entries.count }

  /// A ticket that nobody has had.
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

  /// Removes a request; its entry comes back exactly once, `nil` to everybody who comes later.
  ///
  /// The caller lets go of the entry outside of its lock: what the closure holds may run code when it goes.
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

  /// What to call to cancel every request under an id, in the order in which they came.
  func cancels(of id: RequestID) -> [@Sendable () -> Void] {
    (cancellable[id] ?? []).compactMap { entries[$0]?.cancel }
  }
}
