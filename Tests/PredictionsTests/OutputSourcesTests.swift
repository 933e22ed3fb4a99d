import Testing

@testable import Predictions

@Suite("Where outputs came from")
struct OutputSourcesTests {
  @Test func aConnectionIsOpenedOnceInAWhileWhereAnOutputIsKnown() {
    var sources = OutputSources()
    let source = OutputSource(account: "a", model: "m")
    #expect(sources.isUnknown(source) && sources.open(source, now: 0) == nil)
    sources.note(nil, of: source)
    #expect(!sources.isUnknown(source) && sources.open(source, now: 0) == nil)
    sources.note("https://x/1", of: source)
    #expect(sources.open(source, now: 0) == "https://x/1")
    sources.note("https://y/2", of: source)
    #expect(sources.open(source, now: OutputSources.pause - 1) == nil)
    #expect(sources.open(source, now: OutputSources.pause) == "https://y/2")
    #expect(sources.open(OutputSource(account: "b", model: "m"), now: 0) == nil)
  }

  @Test func theyAreBounded() {
    var sources = OutputSources()
    for number in 0..<65 { sources.note("https://x/", of: OutputSource(account: "a", model: "\(number)")) }
    #expect(sources.isUnknown(OutputSource(account: "a", model: "0")))
    #expect(!sources.isUnknown(OutputSource(account: "a", model: "64")))
  }
}
