/// The tables and triggers of a file, each as the SQL that SQLite keeps of it, without white space.
///
/// Triggers, checks and generated columns are code that runs inside our statements. So a file that has other ones than
/// ours is not used, whoever changed it.
struct SchemaShape: Equatable {
  /// By name.
  private(set) var tables: [String: [UInt8]] = [:]
  private(set) var triggers: [String: [UInt8]] = [:]
  /// By name only: an index runs nothing.
  private(set) var indexes: Set<String> = []

  /// What a file that went through all our migrations has, from whichever of them it began.
  static let ours = SchemaShape(of: Schema.migrations.map(\.sql))

  /// What SQLite keeps once these scripts have run. It understands the statements that our migrations are made of: a table
  /// that gets columns later has no constraints behind its columns.
  init(of scripts: [String]) {
    for statement in scripts.flatMap({ Self.statements(of: Array($0.utf8)[...]) }) {
      let words = statement.split(maxSplits: 4, omittingEmptySubsequences: true) { Self.isSpace($0) || $0 == 0x28 }
        .map { String(decoding: $0, as: UTF8.self) }
      guard words.count > 2 else { continue }
      switch (words[0], words[1]) {
      case ("CREATE", "TABLE"): tables[words[2]] = Self.squeezed(statement)
      case ("CREATE", "TRIGGER"): triggers[words[2]] = Self.squeezed(statement)
      case ("CREATE", "INDEX"): indexes.insert(words[2])
      case ("CREATE", "UNIQUE"): indexes.insert(words[3])
      case ("ALTER", "TABLE"):
        // As SQLite writes it: behind the last column, before what follows the columns.
        guard words.count == 5, var table = tables[words[2]], let end = table.lastIndex(of: UInt8(ascii: ")")) else {
          continue
        }
        let added = statement[(statement.range(after: "COLUMN") ?? statement.startIndex)...]
        table.insert(contentsOf: [UInt8(ascii: ",")] + Self.squeezed(added), at: end)
        tables[words[2]] = table
      default: break
      }
    }
  }

  /// What a file has, of our tables and of all triggers.
  init(of connection: SQLiteConnection) throws(SQLiteError) {
    let found = try connection.rows("SELECT type, name, sql FROM sqlite_schema WHERE type <> 'index'") {
      (type: $0.text(0), name: $0.text(1), sql: $0.blob(2))
    }
    for entry in found {
      if entry.type == "trigger" {
        triggers[entry.name] = Self.squeezed(entry.sql[...])
      } else if Schema.tables.contains(entry.name) {
        tables[entry.name] = Self.squeezed(entry.sql[...])
      }
    }
  }

  /// The first thing that a file has and must not have, in words that follow "it has"; `nil` where there is none. A table
  /// that is missing is not looked at here.
  func difference(from ours: SchemaShape) -> String? {
    let foreign = triggers.keys.filter { triggers[$0] != ours.triggers[$0] }.min()
    if let foreign { return "a trigger that imagewire did not make (\(Self.shown(foreign)))" }
    if let missing = ours.triggers.keys.filter({ triggers[$0] == nil }).min() {
      return "lost the trigger \(missing)"
    }
    let changed = tables.keys.filter { tables[$0] != ours.tables[$0] }.min()
    return changed.map { "another form of the table \(Self.shown($0)) than imagewire makes" }
  }

  // MARK: Text

  /// A name out of a file, fit for a message.
  static func shown(_ name: String) -> String {
    let plain = name.unicodeScalars.prefix(64).map { $0.isASCII && $0.value >= 0x20 && $0.value != 0x7F ? $0 : "?" }
    return "\"" + String(String.UnicodeScalarView(plain)) + "\""
  }

  /// The statements of a script. That of a trigger ends with its `END`.
  private static func statements(of script: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
    var statements: [ArraySlice<UInt8>] = []
    var start = script.startIndex
    for index in script.indices where script[index] == UInt8(ascii: ";") {
      let statement = script[start..<index].drop(while: isSpace)
      let isTrigger = statement.starts(with: Array("CREATE TRIGGER".utf8))
      if isTrigger, !statement.reversed().drop(while: isSpace).starts(with: Array("DNE".utf8)) { continue }
      statements.append(statement)
      start = index + 1
    }
    return statements
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x09 || byte == 0x0D }

  private static func squeezed(_ text: ArraySlice<UInt8>) -> [UInt8] { text.filter { !isSpace($0) } }
}

extension ArraySlice<UInt8> {
  /// Where the first occurrence of a word ends.
  fileprivate func range(after word: String) -> Int? {
    let word = Array(word.utf8)
    return indices.first { self[$0...].starts(with: word) }.map { $0 + word.count }
  }
}
