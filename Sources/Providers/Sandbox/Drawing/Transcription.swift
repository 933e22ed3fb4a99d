/// A text of characters that the bitmap font can draw.
enum Transcription {
  /// The most characters that are read: a caption has three lines only.
  private static let longest = 10_000

  /// Latin letters stay, with their accents; a run of another script becomes its name and length: `[Chinese, 12 characters]`.
  static func of(_ text: String) -> String {
    var result = ""
    var run: (script: Script, count: Int)?
    /// White space that belongs to the run if it goes on.
    var space = ""
    func words(_ run: (script: Script, count: Int)) -> String {
      if run.script == .emoji { return run.count == 1 ? "[emoji]" : "[\(run.count) emoji]" }
      return "[\(run.script.rawValue), \(run.count) character\(run.count == 1 ? "" : "s")]"
    }
    func endRun() {
      if let ended = run { result += words(ended) }
      result += space
      (run, space) = (nil, "")
    }
    for character in text.prefix(longest) {
      if character.isWhitespace {
        if run == nil { result.append(" ") } else { space.append(" ") }
      } else if let letters = plain(character) {
        endRun()
        result += letters
      } else {
        // Marks and joiners do not count alone; a character counts by its first scalar.
        let script = Script(character.unicodeScalars.first!)
        if let current = run, let joined = join(current.script, script) {
          run = (joined, current.count + 1)
          space = ""
        } else {
          endRun()
          run = (script, 1)
        }
      }
    }
    endRun()
    return result
  }

  /// Merges two scripts: kana among Han characters make a run Japanese.
  private static func join(_ left: Script, _ right: Script) -> Script? {
    if left == right { return left }
    let pair: Set<Script> = [left, right]
    return pair == [.chinese, .japanese] ? .japanese : nil
  }

  /// The text that the font draws for a character; `nil` where it has none.
  private static func plain(_ character: Character) -> String? {
    if let code = character.asciiValue { return code < 0x20 || code == 0x7F ? " " : String(character) }
    if Accent.split(character) != nil || Font.extra[character] != nil { return String(character) }
    return spelled[character]
  }

  /// Letters and signs with a usual spelling in ASCII.
  private static let spelled: [Character: String] = [
    "Æ": "AE", "æ": "ae", "Œ": "OE", "œ": "oe", "ẞ": "SS", "Þ": "Th", "þ": "th", "Ŋ": "Ng", "ŋ": "ng", "Ð": "D",
    "\u{2018}": "'", "\u{2019}": "'", "\u{201A}": ",", "\u{201C}": "\"", "\u{201D}": "\"", "\u{201E}": "\"",
    "«": "\"", "»": "\"", "\u{2039}": "'", "\u{203A}": "'", "\u{2010}": "-", "\u{2011}": "-", "\u{2012}": "-",
    "\u{2013}": "-", "\u{2014}": "-", "\u{2026}": "...", "•": "*", "·": ".", "×": "x", "÷": "/", "−": "-", "°": "deg",
    "€": "EUR", "£": "GBP", "¥": "JPY", "©": "(c)", "®": "(R)", "™": "TM", "½": "1/2", "¼": "1/4", "¾": "3/4", "²": "2",
    "³": "3", "µ": "u", "ª": "a", "º": "o", "¡": "!", "¿": "?", "\u{AD}": "", "\u{200B}": "", "\u{FEFF}": "",
  ]
}
