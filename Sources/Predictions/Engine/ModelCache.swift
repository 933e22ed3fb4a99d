/// What providers said of their models lately, by account.
struct ModelCache: Sendable {
  /// How long a catalogue is believed, in milliseconds: as long as the service's own clients do.
  static let lifetime: Int64 = 3_600_000

  private var known: [String: (models: [Model], at: Int64)] = [:]

  /// An account's models, sorted by id; `nil` where nobody has asked within the hour.
  func models(of account: String, now: Int64) -> [Model]? {
    guard let known = known[account], now - known.at < Self.lifetime else { return nil }
    return known.models
  }

  /// One model of an account, where the account was asked within the hour and has it.
  func model(_ id: String, of account: String, now: Int64) -> Model? {
    models(of: account, now: now)?.first { $0.id == id }
  }

  /// Notes what an account has; each id once.
  ///
  /// - Returns: the models as they are kept.
  @discardableResult
  mutating func note(_ models: [Model], of account: String, now: Int64) -> [Model] {
    var seen: Set<String> = []
    let sorted = models.filter { seen.insert($0.id).inserted }
      .sorted { $0.id.utf8.lexicographicallyPrecedes($1.id.utf8) }
    known[account] = (sorted, now)
    return sorted
  }
}
