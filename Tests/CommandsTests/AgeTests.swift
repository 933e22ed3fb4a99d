import Testing

@testable import Commands

@Suite struct AgeTests {
  @Test(arguments: [("0h", 0), ("12h", 43_200_000), ("1d", 86_400_000), ("90d", 7_776_000_000), ("8w", 4_838_400_000)])
  func wholeHoursDaysAndWeeks(text: String, milliseconds: Int64) {
    #expect(Age.milliseconds(of: text) == milliseconds)
  }

  @Test(arguments: ["", "h", "90", "-1d", "1.5d", "1 d", "90D", "100001d", "9223372036854775808h", "९०d", "1d\u{301}"])
  func anyOtherTextIsRefused(text: String) {
    #expect(Age.milliseconds(of: text) == nil)
  }
}
