import Predictions
import Testing

@testable import Commands

@Suite("How a command line names a prediction")
struct PredictionReferenceTests {
  private static let id = "01a20d36-9e0c-79d7-a459-7365613100aa"

  @Test("an id, in either case, with or without an output")
  func ids() throws {
    let id = try #require(PredictionID(Self.id))
    #expect(PredictionReference(Self.id)?.name == .id(id))
    #expect(PredictionReference(Self.id.uppercased())?.name == .id(id))
    #expect(PredictionReference(Self.id)?.output == nil)
    #expect(PredictionReference("\(Self.id)/12")?.output == 12)
    #expect(PredictionReference("@last/2") == PredictionReference("@last/2"))
    #expect(PredictionReference("@last/2")?.name == .last)
  }

  @Test(
    "the beginning of an id", arguments: ["01a2", "01A2", "01a20d36-", "01a20d36-9e0c-79d7-a459-7365613100a", "ffff"])
  func prefixes(text: String) {
    #expect(PredictionReference(text)?.name == .prefix(text.lowercased()))
  }

  @Test(
    "anything else is no name",
    arguments: [
      "", "@", "@last ", "@LAST", "01a", "01a20d369", "01a2-", "fox.png", "./01a2", "01a2/0", "01a2/01", "01a2/x",
      "01a2/",
      "01a2/-1", "01a2/1/2", "01a2é", "01a20d36-9e0c-79d7-a459-7365613100aab", "01a20d36-9e0c-49d7-a459-7365613100aa",
    ])
  func others(text: String) {
    #expect(PredictionReference(text) == nil)
  }

  @Test("the times of a prefix contain the time of every id that begins with it")
  func times() throws {
    let id = try #require(PredictionID(Self.id))
    for length in PredictionReference.shortestPrefix..<36 {
      let times = PredictionReference.times(of: String(Self.id.prefix(length)))
      #expect(times.contains(id.milliseconds))
      if length >= 13 { #expect(times.count == 1) }
    }
    #expect(PredictionReference.times(of: "0000").lowerBound == 0)
    #expect(PredictionReference.times(of: "ffff").upperBound == 1 << 48)
  }
}
