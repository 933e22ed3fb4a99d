internal import Encoding
public import Predictions

/// Moves the predictions of a state directory into an empty database of PostgreSQL.
public enum StoreMigration {
  /// What was moved.
  public struct Report: Sendable, Equatable {
    /// How many predictions.
    public var predictions: Int
    /// The database that has them now, for people.
    public var target: String
    /// Where the file of SQLite is now.
    public var old: String
  }

  private static let tables = [
    "accounts", "predictions", "inputs", "words", "tags", "keys", "sends", "changes", "uploads", "refs", "durations",
  ]
  /// Rows of one statement; with all their columns they have fewer parameters than PostgreSQL takes.
  private static let batch = 200

  /// Moves everything. The file is set aside before the copy is committed: at no moment do both hold what may be sent. A mark on the
  /// disk keeps every process from starting with an empty table until a move that was interrupted is finished or undone, by the next
  /// call.
  ///
  /// - Parameters:
  ///   - directory: the state directory.
  ///   - address: as for `TablePredictionStore`.
  /// - Throws: where another process uses either one, or the database holds predictions already; then nothing is changed.
  public static func run(
    from directory: String, to address: String, time: any TimeSource
  ) throws(StoreError) -> Report {
    let now = time.now.wall
    let interrupted = MigrationMark.read(in: directory)
    if interrupted == nil { try MigrationMark.refuse(in: directory) }
    let target = try PostgreSQLDatabase(
      address, directory: directory, owner: PredictionID(at: now).description, time: time
    ) { _ in }
    defer { target.leave() }
    let writer = try target.connectToWrite()
    do {
      // Waits for the end of an earlier transaction of ours, whatever came of it.
      try writer.script("BEGIN; SELECT pg_advisory_xact_lock(\(PostgreSQLSchema.writerLock))")
      if let interrupted {
        let known = try writer.first("SELECT value FROM meta WHERE name = 'moved'") { $0.text(0) }
        if known == interrupted.id {
          let count = try writer.integer("SELECT count(*) FROM predictions")
          try interrupted.remove(in: directory)
          return Report(predictions: Int(count), target: target.name, old: interrupted.folder)
        }
        try interrupted.undo(in: directory)
      }
      return try move(directory, to: target, by: writer, now: now)
    } catch {
      throw StoreError(error, at: target.name)
    }
  }

  private static func move(
    _ directory: String, to target: PostgreSQLDatabase, by writer: TableConnection, now: Int64
  ) throws -> Report {
    let source = try DatabaseOpener.open(directory, now: now) { _ in }
    guard source.lockAlone() else {
      throw StoreError.failed(
        message: "Another imagewire uses the database \(source.path). Nothing was moved.",
        hint: "End it, then try again.")
    }
    let isUsed = try writer.integer(
      "SELECT EXISTS(SELECT 1 FROM predictions) OR EXISTS(SELECT 1 FROM keys) OR EXISTS(SELECT 1 FROM sends)")
    guard isUsed == 0 else {
      throw StoreError.failed(
        message:
          "\(target.name.prefix(1).uppercased())\(target.name.dropFirst()) holds predictions already. Nothing was moved.",
        hint: "Use an empty database: two tables cannot be joined.")
    }
    let reader = try source.connect()
    // A page of large inputs may take a while to read.
    try writer.script("SET LOCAL idle_in_transaction_session_timeout TO '60s'")
    // Names of accounts are made with it.
    try writer.run("UPDATE meta SET value = ? WHERE name = 'salt'", source.salt.hexadecimal)
    for table in tables { try copy(table, from: reader, to: writer, inputs: InputFiles(directory: directory)) }
    // Those that wait for outputs of others are at home in the new database.
    try writer.script(
      """
      UPDATE predictions SET home = (SELECT value FROM meta WHERE name = 'home') WHERE refs = 1 AND status = 'created';
      SELECT setval(pg_get_serial_sequence('changes', 'change'), coalesce(max(change), 0) + 1) FROM changes;
      SELECT setval(pg_get_serial_sequence('durations', 'seq'), coalesce(max(seq), 0) + 1) FROM durations
      """)
    let count = try writer.integer("SELECT count(*) FROM predictions")
    let mark = MigrationMark(
      id: [UInt8].random(16).hexadecimal, path: source.path,
      folder: "\(directory)/migrated-\(now)")
    try writer.run(
      "INSERT INTO meta(name, value) VALUES('moved', ?) ON CONFLICT(name) DO UPDATE SET value = excluded.value", mark.id
    )
    _ = try reader.integer("PRAGMA wal_checkpoint(TRUNCATE)")
    try mark.write(in: directory)
    try mark.setAside()
    do {
      try writer.commit()
    } catch {
      guard writer.isLost else {
        try mark.undo(in: directory)
        throw error
      }
      throw StoreError.failed(
        message:
          "The connection to \(target.name) was lost at the end of the move. It is not known whether the copy is there.",
        hint: "Run imagewire store migrate again: it finishes the move, or undoes it. Until then nothing is sent.")
    }
    try mark.remove(in: directory)
    return Report(predictions: Int(count), target: target.name, old: mark.folder)
  }

  private static func copy(
    _ table: String, from reader: TableConnection, to writer: TableConnection, inputs: InputFiles
  ) throws {
    let columns = try reader.rows("SELECT name FROM pragma_table_info('\(table)')") { $0.text(0) }.filter {
      $0 != "home"
    }
    let key = columns.contains("seq") ? "seq" : columns[0]
    // An input may have megabytes.
    let batch = table == "inputs" ? 8 : Self.batch
    var pages = 0
    while true {
      var rows = try reader.rows(
        "SELECT \(columns.joined(separator: ", ")) FROM \(table) ORDER BY \(key) LIMIT \(batch) OFFSET \(pages * batch)"
      ) { row in columns.indices.map { row.cell(Int32($0)) } }
      guard !rows.isEmpty else { return }
      if table == "inputs" {
        rows = try rows.map { row in
          let id = try reader.rows("SELECT seq, low FROM predictions WHERE seq = ?", list: [row[0]]) {
            PredictionID(sequence: $0.integer(0), lowBits: $0.integer(1))
          }.first
          return try whole(row, of: id, inputs)
        }
      }
      let marks = "(\(SQLDialect.marks(columns.count)))"
      try writer.run(
        "INSERT INTO \(table)(\(columns.joined(separator: ", "))) VALUES \(rows.map { _ in marks }.joined(separator: ", "))",
        list: rows.flatMap { $0 })
      pages += 1
    }
  }

  /// A row of `inputs` with the input itself, where it was moved into a file of this machine.
  private static func whole(_ row: [TableCell], of id: PredictionID?, _ inputs: InputFiles) throws -> [TableCell] {
    guard case .blob(let cell) = row[1], let stored = StoredInput(cell: cell) else { return row }
    guard let id, let input = inputs.read(stored, of: id) else {
      throw StoreError.failed(
        message: "The input of a prediction is kept in a file that is missing or was changed. Nothing was moved.",
        hint: "imagewire doctor names it; delete that prediction, then try again.")
    }
    var row = row
    row[1] = .blob(input)
    return row
  }
}
