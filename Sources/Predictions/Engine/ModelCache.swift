/// The models that providers listed recently, by account.
struct ModelCache: Sendable {
  /// How long a catalogue is used, in milliseconds: as in the service's own clients.
  static let lifetime: Int64 = 3_600_000

  private var known: [String: (models: [Model], at: Int64)] = [:]

  /// The models of an account, sorted by id; `nil` where they were not listed within the hour.
  func models(of account: String, now: Int64) -> [Model]? {
    guard let known = known[account], now - known.at < Self.lifetime else { return nil }
    return known.models
  }

  /// One model of an account, where it was listed within the hour.
  func model(_ id: String, of account: String, now: Int64) -> Model? {
    models(of: account, now: now)?.first { $0.id == id }
  }

  /// Adds the models of an account; each id once.
  ///
  /// - Returns: the models, sorted by id.
  @discardableResult
  mutating func note(_ models: [Model], of account: String, now: Int64) -> [Model] {
    var seen: Set<String> = []
    let sorted = models.filter { seen.insert($0.id).inserted }
      .sorted { $0.id.utf8.lexicographicallyPrecedes($1.id.utf8) }
    known[account] = (sorted, now)
    return sorted
  }
}
