import JSON
import Testing

@Suite struct NumberTests {
  @Test(arguments: [
    "0", "-0", "1.0", "1.50", "1e2", "1E+02", "9007199254740993", "18446744073709551616", "0.1e-7", "1e400",
    "123456789012345678901234567890.00",
  ]) func theSpellingIsKept(_ spelling: String) throws {
    let value = try JSONValue(parsing: "[\(spelling)]")
    #expect(value.array?[0].number?.spelling == spelling)
    #expect(value.text == "[\(spelling)]")
    #expect(JSONNumber(spelling)?.spelling == spelling)
  }

  @Test(arguments: ["", " 1", "1 ", "01", "+1", "1.", "NaN", "1,2", "0x1", "--1"]) func otherTextsAreRefused(
    _ text: String
  ) {
    #expect(JSONNumber(text) == nil)
  }

  @Test(
    arguments: [
      ("0", 0), ("-0", 0), ("-0.0e5", 0), ("7", 7), ("-7", -7), ("1.0", 1), ("5e4", 50_000), ("5E+4", 50_000),
      ("1.50e1", 15),
      ("150e-1", 15), ("0.005e3", 5), ("9223372036854775807", .max), ("-9223372036854775808", .min),
      ("9223372036854775808", nil), ("-9223372036854775809", nil), ("9223372036854775807.0", .max),
      ("922337203685477580.7e1", .max), ("922337203685477580.8e1", nil), ("1e18", 1_000_000_000_000_000_000),
      ("1e19", nil),
      ("1e999999999999999999999", nil), ("1e-999999999999999999999", nil), ("0e999999999999999999999", 0), ("1.5", nil),
      ("1e-1", nil), ("0.1", nil), ("-10e-1", -1),
    ] as [(String, Int64?)]) func integers(_ spelling: String, _ expected: Int64?)
  {
    #expect(JSONNumber(spelling)?.int64 == expected)
  }

  @Test(arguments: [("1.5", 1.5), ("-0", -0.0), ("1e400", .infinity), ("-1e400", -.infinity), ("1e-400", 0), ("2", 2)])
  func doubles(_ spelling: String, _ expected: Double) {
    #expect(JSONNumber(spelling)?.double == expected)
  }

  @Test func equalNumbersHaveOneCanonicalSpellingAndNoOthers() {
    let rows = [
      ["0", "-0", "0.0", "0e5", "-0.00E-7"], ["1", "1.0", "1e0", "10e-1", "0.1e1", "1.000"], ["-1", "-1.0", "-10e-1"],
      ["100", "1e2", "1E+2", "0.01e4", "100.0"], ["0.5", "5e-1", "0.50"], ["9007199254740993", "9007199254740993.0"],
      ["9007199254740992"], ["9007199254740994"], ["1e400"], ["1e401"], ["-100"], ["0.05"], ["12", "1.2e1"], ["120"],
      ["102"],
    ]
    let canonical = rows.map { row in Set(row.compactMap { JSONNumber($0)?.canonicalSpelling }) }
    for (row, spellings) in zip(rows, canonical) { #expect(spellings.count == 1, "\(row)") }
    #expect(Set(canonical).count == rows.count)
  }
}
