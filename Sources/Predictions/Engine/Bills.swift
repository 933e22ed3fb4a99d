/// Finished predictions of this process whose bill is asked for a while later, many in one request. A pure struct; moments are
/// milliseconds on the steady clock.
///
/// The bill is for people to read: a failed request delays nothing, keeps no process alive, and is not repeated after the
/// pauses.
struct Bills: Sendable {
  /// One prediction.
  struct Item: Sendable, Equatable {
    var id: PredictionID
    var remoteID: String
    /// How often its bill was asked for.
    var tries = 0
  }

  /// Pauses before each request, after the end of the prediction and after an answer without it.
  static let pauses: [Int64] = [60_000, 300_000, 1_800_000]
  /// The same for a provider on this machine.
  static let nearPauses: [Int64] = [2_000, 10_000]
  /// How many are asked for at once, and remembered at most for each account.
  static let atOnce = 50
  static let limit = 1_000

  private var waiting: [String: [(due: Int64, item: Item)]] = [:]

  /// When the next request is due; `nil` while nothing waits.
  var nextWake: Int64? { waiting.values.compactMap { $0.map(\.due).min() }.min() }

  /// Adds a prediction; drops it after the last pause, or where too many wait.
  mutating func add(_ item: Item, of account: String, pace: PollPace, now: Int64) {
    let pauses = pace == .near ? Self.nearPauses : Self.pauses
    guard item.tries < pauses.count, waiting[account]?.count ?? 0 < Self.limit,
      waiting[account]?.contains(where: { $0.item.id == item.id }) != true
    else { return }
    waiting[account, default: []].append((now + pauses[item.tries], item))
  }

  /// Takes out what is asked for now. Where one is due, those that will be soon go along.
  mutating func takeDue(_ now: Int64) -> [(account: String, items: [Item])] {
    var due: [(account: String, items: [Item])] = []
    for account in waiting.keys.sorted() {
      guard let all = waiting[account], all.contains(where: { $0.due <= now }) else { continue }
      let taken = all.filter { $0.due <= now + 1_000 }.prefix(Self.atOnce).map(\.item)
      waiting[account] = all.filter { entry in !taken.contains { $0.id == entry.item.id } }
      if waiting[account]?.isEmpty == true { waiting[account] = nil }
      due.append((account, taken))
    }
    return due
  }
}
