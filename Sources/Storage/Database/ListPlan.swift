internal import Encoding
internal import JSON
internal import Predictions

/// The SQL of one page of a list.
///
/// The index of the most selective filter yields rows in key order, newest first; each filter but `text`, the file and the agent has one. At most
/// 20,000 of them are examined for one page, so that no filter can delay the calls behind it.
struct ListPlan {
  /// The most rows that are examined for one page.
  static let lookLimit = 20_000

  let limit: Int
  /// The rows of the page, and the row behind it.
  let pageSQL: String
  /// The last row that may be examined, if there are that many.
  let lastLookedAtSQL: String
  /// The parameters of `pageSQL`, by number, and those of them that `lastLookedAtSQL` takes.
  let values: [any TableBindable]
  let lookedValues: [any TableBindable]
  private let filterHash: String

  init(_ query: ListQuery, for dialect: SQLDialect = .sqlite, lookLimit: Int = ListPlan.lookLimit) throws(StoreError) {
    limit = min(max(query.limit, 1), 500)
    filterHash = Self.hash(of: query)
    var values: [any TableBindable] = []
    func parameter(_ value: any TableBindable) -> String {
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
        from: "predictions\(dialect.indexed(by: "by_origin"))", condition: "origin = '\(PredictionOrigin.mcp.rawValue)'"
      )
    } else if let status = query.status, [.failed, .cancelled, .unknown].contains(status) {
      // A literal: SQLite uses a partial index only if the query spells the index's condition.
      driver = Driver(from: "predictions\(dialect.indexed(by: "odd"))", condition: "status = '\(status.rawValue)'")
    } else if query.status == .created {
      driver = Driver(
        from: """
          (SELECT seq FROM predictions\(dialect.indexed(by: "unsettled")) WHERE phase = 'queued' UNION ALL \
          SELECT seq FROM predictions\(dialect.indexed(by: "chained")) WHERE refs = 1 AND status = 'created') u
          """, condition: "TRUE")
    } else if let status = query.status, status == .processing {
      // Rows of the queue are passed over by the index alone.
      driver = Driver(
        from: "predictions\(dialect.indexed(by: "unsettled"))",
        condition: "phase IS NOT NULL AND phase <> 'queued' AND status = '\(status.rawValue)'")
    } else if let model = query.model {
      driver = Driver(from: "predictions\(dialect.indexed(by: "by_model"))", condition: "model = \(parameter(model))")
    } else if let provider = query.provider {
      driver = Driver(
        from: "predictions\(dialect.indexed(by: "by_provider"))", condition: "provider = \(parameter(provider))")
    } else if let status = query.status, status == .completed, !hasText {
      driver = Driver(
        from: "predictions\(dialect.indexed(by: "completed"))", condition: "status = '\(status.rawValue)'")
    } else {
      // Both tables have a row for each prediction; those of `words` are smaller.
      driver = Driver(from: hasText ? "words" : "predictions", condition: "TRUE")
    }
    // Where no second filter selects among its rows, the page needs no more of them, and SQLite sorts no more of a queue.
    let filterCount = [query.status?.rawValue, query.provider, query.model, query.tag].count { $0 != nil }
    let hasOneFilter = filterCount <= 1 && query.agent == nil && query.fileDigest == nil && !hasText
    let lookLimit = hasOneFilter ? min(lookLimit, limit + 1) : lookLimit
    let looked = """
      SELECT seq FROM \(driver.from) WHERE \(driver.condition) AND seq >= \(parameter(start)) \
      AND seq < \(parameter(end)) ORDER BY seq DESC LIMIT \(lookLimit)
      """
    let lookedValues = values

    var filters: [String] = []
    // The driving filter is applied again: it costs little, and no filter can be forgotten.
    if let status = query.status { filters.append("p.status = \(parameter(status.rawValue))") }
    if let model = query.model { filters.append("p.model = \(parameter(model))") }
    if let provider = query.provider { filters.append("p.provider = \(parameter(provider))") }
    if let agent = query.agent {
      filters.append("p.origin = \(parameter(PredictionOrigin.mcp.rawValue))")
      // As in `Agent.owns`: rows of older versions name no agent.
      filters.append("(p.agent IS NULL OR p.agent = \(parameter(agent.id)))")
    }
    if let digest = query.fileDigest {
      // As `JSONColumns` writes it. No path contains this text, since JSON escapes the quotes of a string.
      filters.append(dialect.contains("p.files", parameter(#""sha256":"\#(digest.hexadecimal)""#)))
    }
    var words = ""
    if hasText, let text = query.text {
      words = "\(dialect.lookup) words w ON w.seq = c.seq"
      filters.append(dialect.contains("w.text", parameter(PromptIndex.folded(text))))
    }
    // CROSS JOIN fixes the order of the loops and of the rows; a prediction without the text costs no row.
    pageSQL = """
      SELECT \(PredictionRow.columns) FROM (\(looked)) c \(words) \(dialect.lookup) predictions p ON p.seq = c.seq \
      WHERE \(filters.isEmpty ? "TRUE" : filters.joined(separator: " AND ")) \(dialect.sorted(by: "p.seq DESC")) LIMIT \(parameter(limit + 1))
      """
    lastLookedAtSQL = "SELECT seq FROM (\(looked)) l LIMIT 1 OFFSET \(lookLimit - 1)"
    self.values = values
    self.lookedValues = lookedValues
  }

  private struct Driver {
    let from: String
    let condition: String
  }

  // MARK: Cursors

  /// The cursor behind a row: its key, and a hash of the filters.
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
    // An array, so that it is not taken for an agent.
    let file = query.fileDigest.map { [JSONValue.array([.string($0.hexadecimal)])] } ?? []
    let filters = JSONValue.array(parts.map { $0.map { .string($0) } ?? .null } + agent + file)
    return String(SHA256.hash(filters.serialized).hexadecimal.prefix(8))
  }

  /// The first key of a millisecond, clamped to the range of keys.
  static func sequence(at milliseconds: Int64) -> Int64 {
    min(max(milliseconds, 0), 1 << 48) << 12
  }
}
