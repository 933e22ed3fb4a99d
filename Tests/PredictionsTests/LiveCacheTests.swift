import Testing

@testable import Predictions

/// What is kept in memory is bounded by number and by bytes.
@Suite("The cache of predictions") struct LiveCacheTests {
  private func snapshot(_ number: Int64, inputBytes: Int, phase: PredictionPhase? = nil) -> PredictionSnapshot {
    var prediction = Prediction(
      id: PredictionID(sequence: number, lowBits: 1), provider: "p", model: "m",
      input: [UInt8](repeating: 0x20, count: inputBytes), fingerprint: [], account: "a", outputDirectory: "/o")
    prediction.phase = phase
    return PredictionSnapshot(prediction, resultURL: nil)
  }

  private func id(_ number: Int64) -> PredictionID { PredictionID(sequence: number, lowBits: 1) }

  @Test func bytesAreCountedThroughEveryChange() {
    var cache = LiveCache()
    cache[id(1)] = snapshot(1, inputBytes: 100)
    cache[id(2)] = snapshot(2, inputBytes: 30)
    cache[id(1)] = snapshot(1, inputBytes: 50)
    #expect(cache.heldBytes == 80)
    cache[id(2)] = nil
    cache[id(3)] = nil
    #expect(cache.heldBytes == 50)
    cache.keep { _ in false }
    #expect(cache.heldBytes == 0)
    #expect(cache[id(1)] == nil)
  }

  @Test func itIsFullByBytes() {
    var cache = LiveCache()
    for number in 1...8 {
      #expect(!cache.isFull)
      cache[id(Int64(number))] = snapshot(Int64(number), inputBytes: LiveCache.bytes / 8 + 1)
    }
    #expect(cache.isFull)
    cache.keep { $0 == id(1) }
    #expect(!cache.isFull)
    #expect(cache[id(1)] != nil)
    #expect(cache[id(2)] == nil)
  }

  @Test func itIsFullByNumber() {
    var cache = LiveCache()
    for number in 1...Int64(LiveCache.count) { cache[id(number)] = snapshot(number, inputBytes: 0) }
    #expect(cache.isFull)
    // All of them are worked on: the next look comes when it has doubled.
    cache.keep { _ in true }
    #expect(!cache.isFull)
  }

  @Test(arguments: [0, LiveCache.longestInput, LiveCache.longestInput + 1])
  func onlyLongInputsOfWhatIsOverGo(_ bytes: Int) {
    let over = LiveCache.trimmed(snapshot(1, inputBytes: bytes).prediction)
    #expect((over.input == nil) == (bytes > LiveCache.longestInput))
    let queued = LiveCache.trimmed(snapshot(1, inputBytes: bytes, phase: .queued).prediction)
    #expect(queued.input?.count == bytes)
  }
}
