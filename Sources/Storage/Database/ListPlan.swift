internal import Encoding
internal import JSON
internal import Predictions

/// How one page of a list is found: which filter drives, what the others cost, where it goes on.
///
/// The most selective filter picks the rows in key order, newest first; no more than 20,000 of them are looked at, one
/// by one, and a page ends where that is used up. So no filter, however odd, can hold up those who wait behind it.
struct ListPlan {
  /// How many rows a page may look at.
  static let lookLimit = 20_000

  let limit: Int
  /// The page, and one row more where there is one.
  let pageSQL: String
  /// The last row that the page was allowed to look at, if it may have come to it.
  let lastLookedAtSQL: String
  /// The parameters of the page, by number, and those of them that the last row takes.
  let values: [any SQLiteBindable]
  let lookedValues: [any SQLiteBindable]
  private let filterHash: String

  init(_ query: ListQuery, lookLimit: Int = ListPlan.lookLimit) throws(StoreError) {
    limit = min(max(query.limit, 1), 500)
    filterHash = Self.hash(of: query)
    var values: [any SQLiteBindable] = []
    func parameter(_ value: any SQLiteBindable) -> String {
      values.append(value)
      return "?\(values.count)"
    }

    // Key order is time order, so times are ranges of the key.
    var start = Self.sequence(at: query.createdAfter ?? 0)
    var end = query.createdBefore.map(Self.sequence(at:)) ?? .max
    if let cursor = query.cursor { end = min(end, try Self.sequence(in: cursor, hash: filterHash)) }
    start = max(start, 0)

    let hasText = query.text.map { !$0.isEmpty } ?? false
    let driver: Driver
    if let tag = query.tag {
      driver = Driver(from: "tags", condition: "tag = \(parameter(tag))")
    } else if query.agent != nil {
      // A literal, as below.
      driver = Driver(
        from: "predictions INDEXED BY by_origin", condition: "origin = '\(PredictionOrigin.mcp.rawValue)'")
    } else if let status = query.status, [.failed, .cancelled, .unknown].contains(status) {
      // A literal: only so does the planner see that the partial index has them all.
      driver = Driver(from: "predictions INDEXED BY odd", condition: "status = '\(status.rawValue)'")
    } else if let status = query.status, [.created, .processing].contains(status) {
      driver = Driver(
        from: "predictions INDEXED BY unsettled", condition: "phase IS NOT NULL AND status = '\(status.rawValue)'")
    } else if let model = query.model {
      driver = Driver(from: "predictions INDEXED BY by_model", condition: "model = \(parameter(model))")
    } else if let provider = query.provider {
      driver = Driver(from: "predictions INDEXED BY by_provider", condition: "provider = \(parameter(provider))")
    } else {
      // The words' rows are the smaller ones, and as many.
      driver = Driver(from: hasText ? "words" : "predictions", condition: "1")
    }
    let looked = """
      SELECT seq FROM \(driver.from) WHERE \(driver.condition) AND seq >= \(parameter(start)) \
      AND seq < \(parameter(end)) ORDER BY seq DESC LIMIT \(lookLimit)
      """
    let lookedValues = values

    var filters: [String] = []
    // What drives is filtered again; that costs nothing and cannot be forgotten.
    if let status = query.status { filters.append("p.status = \(parameter(status.rawValue))") }
    if let model = query.model { filters.append("p.model = \(parameter(model))") }
    if let provider = query.provider { filters.append("p.provider = \(parameter(provider))") }
    if let agent = query.agent {
      filters.append("p.origin = \(parameter(PredictionOrigin.mcp.rawValue))")
      // As `Agent.owns` has it: rows of older versions name no agent.
      filters.append("(p.agent IS NULL OR p.agent = \(parameter(agent.id)))")
    }
    var words = ""
    if hasText, let text = query.text {
      words = "CROSS JOIN words w ON w.seq = c.seq"
      filters.append("instr(w.text, \(parameter(PromptIndex.folded(text)))) > 0")
    }
    // CROSS JOIN fixes the order of the loops, and with it that of the rows; a word that is absent costs no row.
    pageSQL = """
      SELECT \(PredictionRow.columns) FROM (\(looked)) c \(words) CROSS JOIN predictions p ON p.seq = c.seq \
      WHERE \(filters.isEmpty ? "1" : filters.joined(separator: " AND ")) LIMIT \(parameter(limit + 1))
      """
    lastLookedAtSQL = "SELECT seq FROM (\(looked)) LIMIT 1 OFFSET \(lookLimit - 1)"
    self.values = values
    self.lookedValues = lookedValues
  }

  private struct Driver {
    let from: String
    let condition: String
  }

  // MARK: Cursors

  /// Where to go on after this row: its key, and which filters it belongs to.
  func cursor(after seq: Int64) -> String {
    let digits = String(UInt64(bitPattern: seq), radix: 16)
    return String(repeating: "0", count: 16 - digits.utf8.count) + digits + filterHash
  }

  private static func sequence(in cursor: String, hash: String) throws(StoreError) -> Int64 {
    guard cursor.utf8.count == 16 + hash.utf8.count, cursor.hasSuffix(hash),
      let seq = UInt64(cursor.prefix(16), radix: 16), let end = Int64(exactly: seq)
    else { throw .badCursor }
    return end
  }

  private static func hash(of query: ListQuery) -> String {
    let parts: [String?] = [
      query.status?.rawValue, query.provider, query.model, query.tag, query.text.map(PromptIndex.folded),
      query.createdAfter.map(String.init), query.createdBefore.map(String.init),
    ]
    let agent = query.agent.map { [JSONValue.string($0.id)] } ?? []
    let filters = JSONValue.array(parts.map { $0.map { .string($0) } ?? .null } + agent)
    return String(SHA256.hash(filters.serialized).hexadecimal.prefix(8))
  }

  /// The first key of a millisecond; times that no key can have are moved to the nearest that one can.
  static func sequence(at milliseconds: Int64) -> Int64 {
    min(max(milliseconds, 0), 1 << 48) << 12
  }
}
