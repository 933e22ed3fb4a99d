/// A statement as the server spells it, and the names under which the server keeps it prepared: one for each combination of types of
/// its parameters.
final class StatementText {
  let sql: String
  /// How often it was run with each combination of types.
  var uses: [[UInt32]: Int] = [:]
  var names: [[UInt32]: String] = [:]

  /// - Parameter sql: its parameters are spelt `?` or `?1`, which become `$1`. No statement of ours has a question mark in a text.
  init(_ sql: String) {
    var out: [UInt8] = []
    var count = 0
    var isAfterMark = false
    for byte in sql.utf8 {
      let isDigit = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
      if isAfterMark, !isDigit {
        count += 1
        out += Array(String(count).utf8)
      }
      isAfterMark = byte == UInt8(ascii: "?")
      out.append(isAfterMark ? UInt8(ascii: "$") : byte)
    }
    if isAfterMark { out += Array(String(count + 1).utf8) }
    self.sql = String(decoding: out, as: UTF8.self)
  }
}
