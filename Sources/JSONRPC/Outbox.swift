internal import Threads

/// Writes whole frames in the order in which they were enqueued, by one writer at a time.
///
/// The sending thread writes as much as it can without blocking. A thread of its own, started when needed, writes the rest.
/// So a slow reader costs bounded memory and never blocks a sender.
final class Outbox: Sendable {
  private struct State {
    /// Frames that wait behind the frames that are being written.
    var queued: [UInt8] = []
    /// An empty array with memory, for the next frames.
    var spare: [UInt8] = []
    /// Bytes that are queued or being written.
    var unwritten = 0
    /// Whether a thread is writing. Only the thread that set it may use the transport.
    var isWriting = false
    var isHeldBack = false
    var readerIsGone = false

    /// Takes all queued frames, and leaves the spare array in their place.
    mutating func takeQueued(into bytes: inout [UInt8]) {
      swap(&bytes, &spare)
      swap(&bytes, &queued)
    }
  }

  private struct WritingThread {
    /// Bytes to write, and how many of them were written before.
    var job: (bytes: [UInt8], written: Int)?
    var isRunning = false
  }

  private let transport: any Transport
  private let onReaderGone: @Sendable () -> Void
  private let state = Protected(State())
  /// Apart from `state`, whose changes would wake the thread at each write of another one while it waits for its next job.
  private let writingThread = Protected(WritingThread())

  /// How long the writing thread waits for more before it ends, in milliseconds.
  private static let lingering: Int64 = 2_000

  /// - Parameter onReaderGone: called once, without a lock, on the thread that noticed it.
  init(_ transport: any Transport, onReaderGone: @escaping @Sendable () -> Void) {
    self.transport = transport
    self.onReaderGone = onReaderGone
  }

  /// The number of bytes that are not written yet.
  var unwritten: Int { state.withLock { $0.unwritten } }
  /// Whether a thread is in `waitForRoom`.
  var isHeldBack: Bool { state.withLock { $0.isHeldBack } }

  /// Adds whole frames at the end, taking their memory where it can. `push` writes them.
  func enqueue(_ frames: inout [UInt8]) {
    state.withLock { state in
      guard !state.readerIsGone else { return }
      state.unwritten += frames.count
      if state.queued.isEmpty {
        swap(&state.queued, &frames)
      } else {
        state.queued.append(contentsOf: frames)
      }
    }
  }

  /// Writes queued frames without blocking. Returns at once where another thread is writing: that one goes on until
  /// nothing is queued.
  func push() {
    var bytes: [UInt8] = []
    let mayWrite = state.withLock { state -> Bool in
      guard !state.isWriting, !state.queued.isEmpty else { return false }
      state.isWriting = true
      state.takeQueued(into: &bytes)
      return true
    }
    guard mayWrite else { return }
    if let written = write(&bytes, from: 0, waiting: false) { handOver(bytes, written: written) }
  }

  /// Waits until at most `limit` bytes are unwritten, or the reader is gone.
  func waitForRoom(below limit: Int) {
    // The usual case takes the lock once.
    let hasRoom = state.withLock { state -> Bool in
      state.isHeldBack = state.unwritten > limit && !state.readerIsGone
      return !state.isHeldBack
    }
    if hasRoom { return }
    _ = state.wait { state -> Bool? in
      guard state.unwritten <= limit || state.readerIsGone else { return nil }
      state.isHeldBack = false
      return true
    }
  }

  /// Waits until everything is written; `false` where the time was up before or the reader is gone.
  func waitUntilWritten(atMost milliseconds: Int64?) -> Bool {
    state.wait(atMost: milliseconds) { state -> Bool? in
      if state.readerIsGone { return false }
      return state.unwritten == 0 ? true : nil
    } ?? false
  }

  /// Writes these bytes and then all frames that were queued meanwhile.
  ///
  /// - Returns: `nil` where everything is written or the reader is gone, else how many of `bytes` are written.
  private func write(_ bytes: inout [UInt8], from start: Int, waiting: Bool) -> Int? {
    var written = start
    var reported = start
    while true {
      while written < bytes.count {
        switch transport.write(bytes.span.extracting(written...), waiting: waiting) {
        case .written(let count):
          written += count
          if waiting {
            // A long write wakes threads in `waitForRoom` on the way.
            state.signal { $0.unwritten -= count }
            reported = written
          }
        case .wouldBlock:
          state.signal { $0.unwritten -= written - reported }
          return written
        case .readerGone:
          lose()
          return nil
        }
      }
      let hasMore = state.signal { state -> Bool in
        state.unwritten -= written - reported
        bytes.removeAll(keepingCapacity: bytes.capacity <= 1 << 20)
        swap(&state.spare, &bytes)
        state.isWriting = !state.queued.isEmpty
        if state.isWriting { state.takeQueued(into: &bytes) }
        return state.isWriting
      }
      guard hasMore else { return nil }
      (written, reported) = (0, 0)
    }
  }

  /// Drops all frames, now and later. `isWriting` stays set, so that no thread writes again.
  private func lose() {
    state.signal { state in
      state.readerIsGone = true
      state.queued = []
      state.unwritten = 0
    }
    onReaderGone()
  }

  // MARK: - The writing thread

  private func handOver(_ bytes: [UInt8], written: Int) {
    let mustStart = writingThread.signal { thread -> Bool in
      thread.job = (bytes, written)
      defer { thread.isRunning = true }
      return !thread.isRunning
    }
    guard mustStart else { return }
    startThread { [self] in
      while true {
        let job = writingThread.wait(atMost: Self.lingering) { thread in
          defer { thread.job = nil }
          return thread.job
        }
        if let job {
          var bytes = job.bytes
          _ = write(&bytes, from: job.written, waiting: true)
          continue
        }
        let mayEnd = writingThread.withLock { thread -> Bool in
          thread.isRunning = thread.job != nil
          return !thread.isRunning
        }
        if mayEnd { return }
      }
    }
  }
}
