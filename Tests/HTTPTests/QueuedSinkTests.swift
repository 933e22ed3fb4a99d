import Testing

@testable import HTTP
@testable import Threads

/// Sinks of downloads on a queue, without a transfer.
@Suite struct QueuedSinkTests {
  private func make(
    on queue: WorkQueue, wake: @escaping @Sendable () -> Void = {},
    sink: @escaping @Sendable (borrowing Span<UInt8>) -> Bool
  ) throws -> QueuedSink {
    let request = HTTPRequest(
      url: "", limits: .init(total: 0), purpose: .download(allows: { _ in true }, sink: sink), queue: queue)
    return try #require(QueuedSink(for: request, wake: wake))
  }

  private func take(_ bytes: [UInt8], by sink: QueuedSink) -> QueuedSink.Reception {
    bytes.withUnsafeBufferPointer { sink.take($0) }
  }

  @Test func onlyDownloadsWithAQueueHaveOne() {
    let limits = HTTPRequest.TimeLimits(total: 0)
    let download = HTTPRequest.Purpose.download(allows: { _ in true }, sink: { _ in true })
    #expect(QueuedSink(for: HTTPRequest(url: "", limits: limits, purpose: download), wake: {}) == nil)
    #expect(QueuedSink(for: HTTPRequest(url: "", limits: limits, queue: WorkQueue()), wake: {}) == nil)
  }

  @Test func soManyBytesWaitAndNoMore() throws {
    let quarter = QueuedSink.limit / 4
    let blocked = BlockedQueue()
    let received = Protected<[UInt8]>([])
    let wakes = Protected(0)
    let sink = try make(on: blocked.queue, wake: { wakes.signal { $0 += 1 } }) { bytes in
      received.signal { received in
        for index in stride(from: 0, to: bytes.count, by: quarter) { received.append(bytes[index]) }
      }
      return true
    }
    for number in 0..<UInt8(4) { #expect(take([UInt8](repeating: number, count: quarter), by: sink) == .taken) }
    #expect(take([9], by: sink) == .later && received.withLock { $0 } == [])
    blocked.open()
    #expect(wakes.wait(atMost: 20_000) { $0 == 1 ? true : nil } == true)
    // libcurl calls again with the same bytes.
    #expect(take([9], by: sink) == .taken)
    #expect(received.wait(atMost: 20_000) { $0 == [0, 1, 2, 3, 9] ? true : nil } == true)
    #expect(wakes.withLock { $0 } == 1)
  }

  /// A host may send each byte in a chunk of its own.
  @Test func manySingleBytesMakeOneJob() throws {
    let blocked = BlockedQueue()
    let received = Protected<[Int]>([])
    let sink = try make(on: blocked.queue) { bytes in
      received.signal { $0.append(bytes.count) }
      return true
    }
    let areTaken = (0..<900_000).allSatisfy { _ in take([7], by: sink) == .taken }
    #expect(areTaken)
    // The job that blocks the queue may be one of the two.
    #expect(blocked.queue.count <= 2)
    let rest = QueuedSink.limit - 900_000
    #expect(take([UInt8](repeating: 7, count: rest + 1), by: sink) == .later)
    #expect(take([UInt8](repeating: 7, count: rest), by: sink) == .taken)
    #expect(take([7], by: sink) == .later)
    blocked.finish()
    #expect(received.withLock { $0 } == [QueuedSink.limit])
  }

  @Test func aPieceOfAnyLengthIsTakenWhereNoneWaits() throws {
    let blocked = BlockedQueue()
    let sink = try make(on: blocked.queue) { _ in true }
    #expect(take([UInt8](repeating: 0, count: QueuedSink.limit + 1), by: sink) == .taken)
    #expect(take([0], by: sink) == .later)
    blocked.open()
  }

  /// The two threads race: a pause without a wake after it would hang.
  @Test func everyPauseIsEndedByAWake() throws {
    let wakes = Protected(0)
    let received = Protected(0)
    let sink = try make(on: WorkQueue(), wake: { wakes.signal { $0 += 1 } }) { bytes in
      received.signal { $0 += bytes.count }
      return true
    }
    let piece = [UInt8](repeating: 0, count: QueuedSink.limit / 3)
    var pauses = 0
    for _ in 0..<500 {
      while take(piece, by: sink) == .later {
        pauses += 1
        let expected = pauses
        try #require(wakes.wait(atMost: 20_000) { $0 >= expected ? true : nil } == true)
      }
    }
    #expect(received.wait(atMost: 20_000) { $0 == 500 * piece.count ? true : nil } == true)
    #expect(wakes.withLock { $0 } == pauses)
  }

  @Test(arguments: [true, false]) func aSinkThatEndsStopsTheTransferAndIsNotCalledAgain(isPaused: Bool) throws {
    let blocked = BlockedQueue()
    let wakes = Protected(0)
    let calls = Protected(0)
    let sink = try make(on: blocked.queue, wake: { wakes.signal { $0 += 1 } }) { _ in
      calls.withLock { $0 += 1 }
      return false
    }
    let half = [UInt8](repeating: 0, count: QueuedSink.limit / 2)
    #expect(take(half, by: sink) == .taken && take(half, by: sink) == .taken)
    if isPaused { #expect(take([0], by: sink) == .later) }
    blocked.open()
    #expect(wakes.wait(atMost: 20_000) { $0 == 1 ? true : nil } == true)
    #expect(sink.hasEnded && take([0], by: sink) == .stop)
    blocked.finish()
    #expect(calls.withLock { $0 } == 1 && wakes.withLock { $0 } == 1)
  }

  @Test func theSinkDecidesAboutAWholeAnswerOnly() throws {
    let queue = WorkQueue()
    let wakes = Protected(0)
    let sink = try make(on: queue, wake: { wakes.signal { $0 += 1 } }) { _ in false }
    let response = HTTPResponse(status: 200, headers: [:], body: [], bodyBytes: 1)
    let closed = HTTPFailure(kind: .closed, message: "Closed.", mayHaveBeenSent: true)
    #expect(sink.judged(.success(response)) == .success(response))
    #expect(take([0], by: sink) == .taken)
    #expect(wakes.wait(atMost: 20_000) { $0 == 1 ? true : nil } == true)
    guard case .failure(let failure) = sink.judged(.success(response)) else {
      Issue.record("the sink had ended")
      return
    }
    #expect(failure.kind == .stopped && failure.mayHaveBeenSent && failure.partial == response)
    #expect(sink.judged(.failure(closed)) == .failure(closed))
  }
}

/// A queue whose thread waits until the test opens it.
struct BlockedQueue {
  let queue = WorkQueue()
  private let isOpen = Protected(false)

  init() {
    queue.async { [isOpen] in _ = isOpen.wait { $0 ? true : nil } }
  }

  func open() { isOpen.signal { $0 = true } }

  /// Opens it and waits until every job that was added before has run.
  func finish() {
    open()
    let isDone = Protected(false)
    queue.async { isDone.signal { $0 = true } }
    #expect(isDone.wait(atMost: 60_000) { $0 ? true : nil } == true)
  }
}
