import Testing

@testable import Predictions

@Suite("The cache of predictions")
struct LiveCacheTests {
  private func prediction(
    _ number: Int64, inputBytes: Int = 0, phase: PredictionPhase? = nil, revision: Int64 = 0
  ) -> Prediction {
    var prediction = Prediction(
      id: id(number), provider: "p", model: "m", input: [UInt8](repeating: 0x20, count: inputBytes), fingerprint: [],
      account: "a", outputDirectory: "/o")
    prediction.phase = phase
    prediction.revision = revision
    return prediction
  }

  private func id(_ number: Int64) -> PredictionID { PredictionID(sequence: number, lowBits: 1) }

  private func changes(_ numbers: [Int64], newest: Int64, isComplete: Bool = true) -> TableChanges {
    TableChanges(
      newest: ChangeCursor(table: 1, number: newest),
      isComplete: isComplete, changes: numbers.map { TableChange(number: $0, id: id($0), isDeleted: false) })
  }

  // MARK: - Bounds

  @Test("bytes are counted through every change")
  func bytes() {
    var cache = LiveCache()
    _ = cache.remember(prediction(1, inputBytes: 100), resultURL: nil)
    _ = cache.remember(prediction(2, inputBytes: 30), resultURL: nil)
    _ = cache.remember(prediction(1, inputBytes: 50), resultURL: nil)
    #expect(cache.heldBytes == 80)
    cache.remove(id(2))
    cache.remove(id(3))
    #expect(cache.heldBytes == 50)
    cache.evict { _ in false }
    #expect(cache.heldBytes == 0)
    #expect(cache[id(1)] == nil)
  }

  @Test("it is full when the inputs of queued predictions exceed its bytes")
  func fullByBytes() {
    var cache = LiveCache()
    for number in 1...8 as ClosedRange<Int64> {
      #expect(!cache.isFull)
      _ = cache.remember(prediction(number, inputBytes: LiveCache.bytes / 8 + 1, phase: .queued), resultURL: nil)
    }
    #expect(cache.isFull)
    cache.evict { $0 == id(1) }
    #expect(!cache.isFull)
    #expect(cache[id(1)] != nil)
    #expect(cache[id(2)] == nil)
  }

  @Test("it is full by number, and after an eviction that kept all, only when the number has doubled")
  func fullByNumber() {
    var cache = LiveCache()
    for number in 1...Int64(LiveCache.count) { _ = cache.remember(prediction(number), resultURL: nil) }
    #expect(cache.isFull)
    cache.evict { _ in true }
    #expect(!cache.isFull)
  }

  @Test(
    "only long inputs of predictions that are over are dropped",
    arguments: [0, LiveCache.longestInput, LiveCache.longestInput + 1])
  func trimming(_ bytes: Int) {
    var finished = prediction(1, inputBytes: bytes)
    finished.status = .completed
    LiveCache.trim(&finished)
    #expect((finished.input == nil) == (bytes > LiveCache.longestInput))
    // One that waits for outputs has no phase, and is sent later.
    for phase in [.queued, nil] as [PredictionPhase?] {
      var unsent = prediction(1, inputBytes: bytes, phase: phase)
      LiveCache.trim(&unsent)
      #expect(unsent.input?.count == bytes)
    }
  }

  // MARK: - Rows

  @Test("an older row does not replace a newer one, by revision or by epoch")
  func order() {
    var cache = LiveCache()
    _ = cache.remember(prediction(1, revision: 2), resultURL: nil)
    #expect(cache.remember(prediction(1, revision: 1), resultURL: nil).prediction.revision == 2)
    var earlier = prediction(1, revision: 3)
    earlier.epoch = -1
    #expect(cache.remember(earlier, resultURL: nil).prediction.revision == 2)
    #expect(cache.remember(prediction(1, revision: 3), resultURL: "url").resultURL == "url")
    #expect(cache[id(1)]?.prediction.revision == 3)
  }

  @Test("a row without input keeps the input and metadata that are known")
  func inputs() {
    var cache = LiveCache()
    var whole = prediction(1, inputBytes: 3, phase: .queued)
    whole.metadata = [1]
    whole.sent = [2]
    _ = cache.remember(whole, resultURL: nil)
    var listed = prediction(1, phase: .queued, revision: 1)
    listed.input = nil
    let merged = cache.remember(listed, resultURL: nil).prediction
    #expect(merged.revision == 1)
    #expect(merged.input?.count == 3 && merged.metadata == [1] && merged.sent == [2])
  }

  @Test("a snapshot is restored only where the prediction is not in memory")
  func restoring() {
    var cache = LiveCache()
    let old = PredictionSnapshot(prediction(1), resultURL: "old")
    #expect(cache.restore(old) == true)
    _ = cache.remember(prediction(1, revision: 1), resultURL: "new")
    #expect(cache.restore(old) == false)
    #expect(cache[id(1)]?.resultURL == "new")
  }

  // MARK: - Changes by others

  @Test("the store is asked for changes at most every 100 milliseconds")
  func freshness() {
    var cache = LiveCache()
    #expect(cache.isStale(0))
    #expect(cache.beginCheck(0) == true)
    #expect(!cache.isStale(LiveCache.freshness - 1))
    #expect(cache.beginCheck(LiveCache.freshness - 1) == false)
    #expect(cache.beginCheck(LiveCache.freshness) == true)
  }

  @Test("changed predictions are read again where they are needed, and forgotten where not")
  func noting() {
    var cache = LiveCache()
    let start = ChangeCursor(table: 1, number: 0)
    for number in 1...3 as ClosedRange<Int64> { _ = cache.remember(prediction(number), resultURL: nil) }
    #expect(cache.note(changes([1, 2, 4], newest: 4), after: start) { $0 != id(2) } == [id(1)])
    #expect(cache[id(1)] != nil && cache[id(2)] == nil && cache[id(3)] != nil)
    #expect(cache.cursor?.number == 4)
    #expect(cache.changeCount == 1)
  }

  @Test("where the log cannot tell what changed, everything may have changed", arguments: [true, false])
  func incomplete(isFirst: Bool) {
    var cache = LiveCache()
    _ = cache.remember(prediction(1), resultURL: nil)
    let asked = isFirst ? nil : ChangeCursor(table: 1, number: 0)
    #expect(cache.note(changes([], newest: 9, isComplete: isFirst), after: asked) { _ in false } == [])
    #expect(cache[id(1)] == nil)
  }
}
