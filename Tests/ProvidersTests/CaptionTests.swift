import Testing

@testable import Providers

@Suite("Captions")
struct CaptionTests {
  @Test(
    "other scripts are named in words",
    arguments: [
      ("a red fox in snow", "a red fox in snow"), ("una niña pequeña", "una niña pequeña"),
      ("雪の中の赤い狐", "[Japanese, 7 characters]"), ("雪地里的一只红狐狸在奔跑着", "[Chinese, 13 characters]"),
      ("Рыжая лиса в снегу", "[Cyrillic, 15 characters]"), ("a 狐 in snow", "a [Chinese, 1 character] in snow"),
      ("ثعلب أحمر", "[Arabic, 8 characters]"), ("빨간 여우", "[Korean, 4 characters]"),
      ("fox 🦊 snow ❄️🦊", "fox [emoji] snow [2 emoji]"),
      ("狐 fox лиса", "[Chinese, 1 character] fox [Cyrillic, 4 characters]"),
      ("“it’s” — 20 °C…", "\"it's\" - 20 degC..."), ("Straße, cœur, Ærø", "Straße, coeur, AErø"),
      ("a\u{301}\u{7}b", "a\u{301} b"), ("", ""), (" \n ", "   "),
    ])
  func transcribed(text: String, caption: String) {
    #expect(Transcription.of(text) == caption)
  }

  @Test func noPromptLeavesABox() {
    let box = Font.rows(of: "\u{FFFD}")
    var scalars = (0x20...0x2FFF).compactMap(Unicode.Scalar.init)
    scalars += [0x4E00, 0xAC00, 0xFFFD, 0x1F98A, 0x20000, 0xE000, 0x10FFFF].compactMap(Unicode.Scalar.init)
    for scalar in scalars {
      for character in Transcription.of(String(scalar)) {
        #expect(Font.rows(of: character) != box, "\(scalar.value)")
      }
    }
  }

  @Test(
    "a letter with an accent is its letter and something above or below it",
    arguments: "áàâäãåāăąçćčďéèêëēęěğģíìîïīįķľĺńñňóòôöõőøŕřśšşșťțúùûüůűųýÿźžżÁÀÂÄÃÅÇČÉÈÊËÍÎÑÓÔÖÕŐŠÚÛÜŮÝŽấễộứỵḥ")
  func accents(letter: Character) throws {
    let rows = Font.rows(of: letter)
    #expect(rows.count == 7 || rows.count == 9)
    #expect(rows != Font.rows(of: "\u{FFFD}"))
    // The same as two scalars, as macOS writes the names of files.
    guard let (base, accents) = Accent.split(letter) else { return #expect(Font.extra[letter] != nil) }
    #expect(base.isASCII && base.isLetter && !accents.isEmpty)
    #expect(rows != Font.rows(of: base))
    #expect(Font.descent(of: letter) + rows.count <= Font.lineHeight - 1, "it would touch the next line")
  }

  @Test func anEWithAnAcuteIsDrawnDotForDot() {
    let rows = Font.rows(of: "é").map { row in String((0..<5).map { row >> UInt8(4 - $0) & 1 == 1 ? "#" : "." }) }
    #expect(rows == ["...#.", "..#..", ".###.", "#...#", "#####", "#....", ".###.", ".....", "....."])
    #expect(Font.rows(of: "e\u{301}") == Font.rows(of: "é"))
  }
}
