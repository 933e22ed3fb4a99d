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

  /// How long after the start bills are looked for that no process has asked for; a process that ends at once asks for none.
  static let searchPause: Int64 = 500
  /// How old a prediction may be for that, in milliseconds: 7 days, and how many of an account are asked for.
  static let searchAge: Int64 = 7 * 86_400_000
  static let searchLimit = 200

  /// When those bills are looked for; `nil` before the work begins, and afterwards.
  private(set) var searchAt: Int64?
  private var hasSearched = false
  private var waiting: [String: [(due: Int64, item: Item)]] = [:]

  /// When the next request is due; `nil` while nothing waits.
  var nextWake: Int64? { (waiting.values.compactMap { $0.map(\.due).min() } + [searchAt]).compactMap { $0 }.min() }

  /// Plans the search for older predictions, once.
  mutating func planSearch(now: Int64) {
    guard !hasSearched else { return }
    hasSearched = true
    searchAt = now + Self.searchPause
  }

  /// Whether the search is due; it is over then.
  mutating func takeSearch(_ now: Int64) -> Bool {
    guard let at = searchAt, at <= now else { return false }
    searchAt = nil
    return true
  }

  /// Adds older predictions, which are asked for at once and no second time.
  mutating func addOlder(_ items: [Item], of account: String, now: Int64) {
    let known = Set(waiting[account, default: []].map(\.item.id))
    let room = max(0, Self.limit - known.count)
    let new = items.filter { !known.contains($0.id) }.prefix(room).map { item in
      (due: now, item: Item(id: item.id, remoteID: item.remoteID, tries: Self.pauses.count))
    }
    if !new.isEmpty { waiting[account, default: []] += new }
  }

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
