internal import CSQLite

/// Compares the schema of a file with `Schema.objects`.
///
/// Triggers, checks and generated columns run inside our statements, so a file with others than those of imagewire is refused.
enum SchemaShape {
  private struct Entry {
    let type: String
    let name: String
    let isOurs: Bool
  }

  /// What makes the file of a newer version unusable, in words that follow "it has". Its tables may have more columns, but a
  /// version with other triggers must raise `min_writer`: a file that merely claims to be newer could hide its own in them.
  static func foreignTrigger(in connection: TableConnection) throws(TableError) -> String? {
    try connection.rows("SELECT name, sql FROM sqlite_schema WHERE type NOT IN ('index', 'table', 'view')") {
      row throws(TableError) in
      let name = row.text(0)
      let own = Schema.triggers.first { $0.name == name }
      return (name: name, isOurs: try row.lend(1) { text in own?.isMade(by: text) ?? false } ?? false)
    }.first { !$0.isOurs }.map { "a trigger that imagewire did not make (\(shown($0.name)))" }
  }

  /// The first difference that makes a file unusable, in words that follow "it has"; `nil` where there is none.
  ///
  /// - Throws: `SQLITE_ERROR` where a table is missing, as a statement about that table would.
  static func difference(in connection: TableConnection) throws(TableError) -> String? {
    // An index runs nothing. SQLite takes "TRIGGER" for a trigger as well, so every other spelling of a type is foreign.
    let entries = try connection.rows("SELECT type, name, sql FROM sqlite_schema WHERE type <> 'index'") {
      row throws(TableError) in
      let (type, name) = (row.text(0), row.text(1))
      let own = (type == "trigger" ? Schema.triggers : Schema.tables).first { $0.name == name }
      let isOurs = try row.lend(2) { text in own?.isMade(by: text) ?? false } ?? false
      return Entry(type: type, name: name, isOurs: isOurs)
    }
    func first(_ isOdd: (Entry) -> Bool) -> String? {
      entries.filter { !$0.isOurs && isOdd($0) }.map(\.name).min().map(shown)
    }
    func missing(_ type: String, of objects: [SchemaObject]) -> String? {
      objects.map(\.name).first { name in !entries.contains { $0.type == type && $0.name == name } }
    }
    if let name = first({ $0.type == "trigger" }) { return "a trigger that imagewire did not make (\(name))" }
    if let name = missing("trigger", of: Schema.triggers) { return "lost the trigger \(name)" }
    if let name = first({ $0.type != "trigger" && $0.type != "table" && $0.type != "view" }) {
      return "an entry of an unknown type (\(name))"
    }
    if let name = first({ entry in Schema.tables.contains { $0.name == entry.name } }) {
      return "another form of the table \(name) than imagewire makes"
    }
    if let name = missing("table", of: Schema.tables) {
      throw TableError(code: SQLITE_ERROR, message: "no such table: \(name)")
    }
    return nil
  }

  /// A name from a file, made safe for a message.
  static func shown(_ name: String) -> String {
    let plain = name.unicodeScalars.prefix(64).map { $0.isASCII && $0.value >= 0x20 && $0.value != 0x7F ? $0 : "?" }
    return "\"" + String(String.UnicodeScalarView(plain)) + "\""
  }
}
