import Encoding
import Testing

@Suite("Timestamps of the protocol")
struct TimestampTests {
  @Test(
    arguments: [
      (0, "1970-01-01T00:00:00.000Z"),
      (1, "1970-01-01T00:00:00.001Z"),
      (-1, "1969-12-31T23:59:59.999Z"),
      (951_782_400_000, "2000-02-29T00:00:00.000Z"),
      (1_709_251_199_999, "2024-02-29T23:59:59.999Z"),
      (1_795_437_296_789, "2026-11-23T12:34:56.789Z"),
      (4_107_542_399_000, "2100-02-28T23:59:59.000Z"),
      (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
      (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
    ] as [(Int64, String)])
  func spellsAndReadsBack(milliseconds: Int64, text: String) {
    #expect(Timestamp.text(milliseconds) == text)
    #expect(Timestamp.milliseconds(of: text) == milliseconds)
  }

  @Test("every day of four centuries comes back")
  func everyDay() {
    for day in stride(from: Int64(-73_000), to: 73_000, by: 1) {
      let milliseconds = day * 86_400_000 + 43_200_001
      #expect(Timestamp.milliseconds(of: Timestamp.text(milliseconds)) == milliseconds)
    }
  }

  @Test(arguments: [
    ("2026-11-23", "2026-11-23T00:00:00.000Z"),
    ("2026-11-23T12:34:56Z", "2026-11-23T12:34:56.000Z"),
    ("2026-11-23T12:34:56", "2026-11-23T12:34:56.000Z"),
    ("2025-05-19T06:09:15.948268264Z", "2025-05-19T06:09:15.948Z"),
    ("2025-10-31T23:02:36.92Z", "2025-10-31T23:02:36.920Z"),
    ("2025-10-31T23:02:36.027Z", "2025-10-31T23:02:36.027Z"),
    ("2026-11-23t12:34:56.7z", "2026-11-23T12:34:56.700Z"),
    ("2026-11-23T12:34:56.789123456Z", "2026-11-23T12:34:56.789Z"),
    ("2026-11-23T12:34:56+02:00", "2026-11-23T10:34:56.000Z"),
    ("2026-11-23 00:30:00-01:30", "2026-11-23T02:00:00.000Z"),
  ])
  func readsWhatOthersWrite(text: String, same: String) throws {
    let milliseconds = try #require(Timestamp.milliseconds(of: text))
    #expect(Timestamp.text(milliseconds) == same)
  }

  @Test(arguments: [
    "", "now", "yesterday", "20251031T230236Z", "2026", "2026-13-01", "2026-00-01", "2026-02-30", "2026-11-31",
    "2026-11-23T", "2026-11-23T25:00:00Z",
    "2026-11-23T12:60:00Z", "2026-11-23T12:34:56.Z", "2026-11-23T12:34:56Zz", "26-11-23",
    "2026-11-23T12:34:56+2", "２０２６-11-23",
  ])
  func refusesWhatIsNoTime(text: String) {
    #expect(Timestamp.milliseconds(of: text) == nil)
  }
}
