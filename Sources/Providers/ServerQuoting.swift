/// Somebody else's words, fit to be shown: without the key, should they repeat it, on one line, and short.
enum ForeignText {
  /// - Parameter key: what must not be in it; empty where there is none.
  static func clean(_ text: String, without key: String) -> String {
    let secret = Array(key.utf8)
    var rest = Array(text.utf8)[...]
    var shown: [UInt8] = []
    while let byte = rest.first, shown.count < 500 {
      if !secret.isEmpty, rest.starts(with: secret) {
        shown.append(contentsOf: "[key]".utf8)
        rest.removeFirst(secret.count)
      } else {
        shown.append(byte < 0x20 || byte == 0x7F ? 0x20 : byte)
        rest.removeFirst()
      }
    }
    // A character cut in half at the limit goes whole.
    if let next = rest.first, next & 0xC0 == 0x80 {
      while let last = shown.popLast(), last & 0xC0 == 0x80 {}
    }
    while shown.last == UInt8(ascii: ".") || shown.last == 0x20 { shown.removeLast() }
    return String(decoding: shown, as: UTF8.self)
  }

  /// Whether it has one of these words, whatever the case.
  static func mentions(_ text: String, _ words: [String]) -> Bool {
    let text = Array(text.lowercased().utf8)
    return words.contains { word in
      let word = Array(word.utf8)
      return text.indices.contains { text[$0...].starts(with: word) }
    }
  }
}
