import Testing

@testable import Predictions

@Suite("Rounds over predictions that wait for outputs")
struct ChainsTests {
  @Test("one round at a time; one that is asked for meanwhile follows")
  func rounds() {
    var chains = Chains()
    #expect(chains.begin() == true)
    #expect(chains.begin() == false)
    #expect(chains.end(areWaiting: true) == true)
    #expect(chains.areWaiting)
    #expect(chains.begin() == true)
    #expect(chains.end(areWaiting: nil) == false)
    #expect(chains.areWaiting, "a round that failed tells nothing")
    #expect(chains.begin() == true)
    #expect(chains.end(areWaiting: false) == false)
    #expect(!chains.areWaiting)
    chains.note()
    #expect(chains.areWaiting)
  }
}
