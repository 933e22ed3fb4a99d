/// What SQLite and PostgreSQL spell differently. Every other statement is the same for both.
enum SQLDialect: Sendable {
  case sqlite, postgreSQL

  /// Fixes the index that a query walks. PostgreSQL decides by itself.
  func indexed(by index: String) -> String { self == .sqlite ? " INDEXED BY \(index)" : "" }

  /// Joins a table whose rows are looked up for those before it. SQLite keeps that order of loops only where it is said.
  var lookup: String { self == .sqlite ? "CROSS JOIN" : "JOIN" }

  /// Sorts what a lookup has joined. In SQLite its rows come in the order of the loops.
  func sorted(by order: String) -> String { self == .sqlite ? "" : "ORDER BY \(order)" }

  /// Whether a text contains another one.
  func contains(_ text: String, _ part: String) -> String {
    self == .sqlite ? "instr(\(text), \(part)) > 0" : "strpos(\(text), \(part)) > 0"
  }

  /// The newest change of each prediction in a range of changes. SQLite takes the other cells from the row with the maximum.
  var newestChanges: String {
    self == .sqlite
      ? "SELECT max(change) AS change, seq, low, gone FROM changes WHERE change > ? AND change <= ? GROUP BY seq"
      : """
      SELECT DISTINCT ON (seq) change, seq, low, gone FROM changes WHERE change > ? AND change <= ?
        ORDER BY seq, change DESC
      """
  }

  /// A sum from 0 to 9e15, so that damaged cells overflow nothing.
  func sum(_ expression: String) -> String {
    self == .sqlite
      ? "CAST(max(0, min(9e15, total(\(expression)))) AS INTEGER)"
      : "greatest(0, least(9000000000000000, coalesce(sum(\(expression)), 0)))::bigint"
  }

  /// The greatest value, at most 9e15; NULL where there is none.
  func greatest(_ expression: String) -> String {
    self == .sqlite
      ? "min(9000000000000000, max(CAST(\(expression) AS INTEGER)))"
      // `least` passes over NULL.
      : "CASE WHEN max(\(expression)) IS NOT NULL THEN least(9000000000000000, max(\(expression))) END"
  }

  /// That this machine can go on with a prediction. A file has one machine; a server has many, and what lies on the disk of one of
  /// them is out of reach for the others: local files to upload, a local directory for outputs, and a reply that was kept.
  var isWithinReach: String {
    guard self == .postgreSQL else { return "" }
    return """
       AND (p.machine = current_setting('imagewire.machine', true)
        OR p.output_dir LIKE 's3://%' AND p.uploads <> 1 AND (p.provider <> 'openai' OR coalesce(p.phase, 'queued') = 'queued'))
      """
  }

  /// Marks for the parameters of `IN`. PostgreSQL refuses an empty list.
  ///
  /// - Parameter first: the number of the first of them; `nil` where the statement does not number its parameters.
  static func marks(_ count: Int, from first: Int? = nil) -> String {
    if count == 0 { return "NULL" }
    return (0..<count).map { offset in first.map { "?\($0 + offset)" } ?? "?" }.joined(separator: ", ")
  }

  /// That a value is none of some parameters.
  static func isNone(of count: Int, _ value: String) -> String {
    count == 0 ? "" : "AND \(value) NOT IN (\(marks(count)))"
  }
}
