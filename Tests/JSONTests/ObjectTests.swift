import JSON
import Testing

struct ObjectTests {
  /// Few names are compared with each other, many by hash. Both must find the same.
  @Test(arguments: [2, 16, 17, 1_000])
  func theLastOfEqualNamesWins(count: Int) throws {
    // Short and long names; "é" and "e" with an accent are two names.
    let names = (0..<count).map { number in
      ["n\(number / 2)", "a name of more than sixteen bytes \(number % 5)", "é", "e\u{301}"][number % 4]
    }
    var order: [String] = []
    var last: [[UInt8]: Int] = [:]
    for (number, name) in names.enumerated() where last.updateValue(number, forKey: Array(name.utf8)) == nil {
      order.append(name)
    }
    let text = "{" + names.enumerated().map { "\"\($1)\":\($0)" }.joined(separator: ",") + "}"
    let object = try #require(try JSONValue(parsing: Array(text.utf8)).object)
    #expect(object.members.map { Array($0.name.utf8) } == order.map { Array($0.utf8) })
    #expect(object.members.map(\.value.int64) == order.map { last[Array($0.utf8)].map(Int64.init) })
  }

  /// Compared with each other, so many names would take minutes.
  @Test(.timeLimit(.minutes(1)))
  func veryManyNamesAreRead() throws {
    let text = "{" + (0..<400_000).map { "\"\($0)\":0" }.joined(separator: ",") + "}"
    #expect(try JSONValue(parsing: Array(text.utf8)).object?.members.count == 400_000)
  }

  @Test func membersAreSortedByTheBytesOfTheirNames() {
    let object = JSONObject(
      [("é", 1), ("e\u{301}", 2), ("z", 3), ("", 4), ("za", 5), ("Z", 6)].map { ($0, .number(JSONNumber($1))) })
    #expect(
      object.sorted { $0 }.members.map(\.name).map { Array($0.utf8) }
        == ["", "Z", "e\u{301}", "z", "za", "é"].map { Array($0.utf8) })
    #expect(object.sorted { _ in .null }.members.allSatisfy { $0.value == .null })
  }

  @Test(arguments: 0...40) func aNameDiffersFromOneWithAnyOtherByte(length: Int) {
    let name = (0..<length).map { UInt8(ascii: "a") + UInt8($0 % 26) }
    let text = String(decoding: name, as: UTF8.self)
    #expect(text.hasSameCodePoints(as: String(decoding: Array(text.utf8), as: UTF8.self)))
    for place in name.indices {
      var other = name
      other[place] = UInt8(ascii: "A")
      #expect(!text.hasSameCodePoints(as: String(decoding: other, as: UTF8.self)), "byte \(place)")
    }
  }
}
