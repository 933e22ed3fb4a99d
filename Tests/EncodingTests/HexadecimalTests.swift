import Encoding
import Testing

@Suite("Hexadecimal numbers")
struct HexadecimalTests {
  @Test func everyByteThereAndBack() {
    let all = Array(UInt8.min ... .max)
    #expect(all.hexadecimal.utf8.count == 512 && all.hexadecimal.hasPrefix("000102"))
    #expect([UInt8](hexadecimal: all.hexadecimal.utf8) == all)
    #expect([UInt8](hexadecimal: "".utf8) == [])
  }

  @Test(arguments: ["0", "abc", "0G", "AB", " 0", "0x", "é"])
  func otherTextsAreNone(text: String) {
    #expect([UInt8](hexadecimal: text.utf8) == nil)
  }
}
