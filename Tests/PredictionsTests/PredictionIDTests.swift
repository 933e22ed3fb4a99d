import Predictions
import Testing

@Suite("Ids")
struct PredictionIDTests {
  @Test("the example of RFC 9562, appendix A.6")
  func example() throws {
    let id = try #require(PredictionID("017F22E2-79B0-7CC3-98C4-DC0C0C07398F"))
    #expect(id.milliseconds == 1_645_557_742_000)
    #expect(id.high == 0x017F_22E2_79B0_7CC3)
    #expect(id.low == 0x98C4_DC0C_0C07_398F)
    #expect(id.description == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f")
  }

  @Test("version and variant are set, and the other 74 bits are the generator's")
  func bits() {
    #expect(PredictionID(at: 0, random: { 0 }).description == "00000000-0000-7000-8000-000000000000")
    #expect(PredictionID(at: (1 << 48) - 1, random: { .max }).description == "ffffffff-ffff-7fff-bfff-ffffffffffff")
  }

  @Test(
    "the parts of an id can be read again",
    arguments: [0, 1, 1_763_900_000_000, (1 << 47) - 1, (1 << 48) - 1] as [Int64])
  func comesBack(milliseconds: Int64) {
    for _ in 0..<100 {
      let id = PredictionID(at: milliseconds)
      #expect(id.milliseconds == milliseconds)
      #expect(PredictionID(id.description) == id)
      #expect(PredictionID(id.description.uppercased()) == id)
      #expect(PredictionID(sequence: id.sequence, lowBits: id.lowBits) == id)
      #expect(id.sequence >= 0 && id.lowBits >= 0, "SQLite's integers have a sign")
    }
  }

  @Test("ids, their keys and their texts have the same order, by time")
  func order() {
    let ids = (0..<500).map { PredictionID(at: 1_763_900_000_000 + $0) }
    #expect(ids.shuffled().sorted() == ids)
    #expect(ids.sorted { $0.sequence < $1.sequence } == ids)
    #expect(ids.sorted { $0.description < $1.description } == ids)
    // Within one millisecond any order is right.
    let same = (0..<500).map { _ in PredictionID(at: 1_763_900_000_000) }
    #expect(same.sorted() == same.sorted { $0.description < $1.description })
    #expect(Set(same).count == 500)
  }

  @Test(
    "any other text is not an id",
    arguments: [
      "", "x", "017f22e2-79b0-7cc3-98c4-dc0c0c07398", "017f22e2-79b0-7cc3-98c4-dc0c0c07398f0",
      "017f22e279b07cc398c4dc0c0c07398f", "017f22e2-79b0-7cc3-98c4_dc0c0c07398f",
      "017f22e2079b0-7cc3-98c4-dc0c0c07398f", "017f22e2-79b0-4cc3-98c4-dc0c0c07398f",
      "017f22e2-79b0-7cc3-18c4-dc0c0c07398f", "017f22e2-79b0-7cc3-d8c4-dc0c0c07398f",
      "g17f22e2-79b0-7cc3-98c4-dc0c0c07398f", "{017f22e2-79b0-7cc3-98c4-dc0c0c07398f}",
      " 017f22e2-79b0-7cc3-98c4-dc0c0c07398f", "017f22e2-79b0-7cc3-98c4-dc0c0c07398\u{e9}",
      "urn:uuid:017f22e2-79b0-7cc3-98c4-dc0c0c07398f", "0-7f22e2-79b0-7cc3-98c4-dc0c0c07398f",
    ])
  func noID(text: String) {
    #expect(PredictionID(text) == nil)
  }
}
