internal import Threads

/// The way out: whole frames, in the order in which they were enqueued, by one writer at a time.
///
/// The thread that sends writes what can be written without blocking. What is left goes to a thread of its own, which
/// starts when it is first needed: a slow reader costs memory up to a bound, and never blocks who sends.
final class Outbox: Sendable {
  private struct State {
    /// Frames behind those that are being written.
    var queued: [UInt8] = []
    /// Memory of what was written last, for what comes next.
    var spare: [UInt8] = []
    /// What the writing thread has been handed, and how much of it was written before.
    var handedOver: (bytes: [UInt8], written: Int)?
    /// Bytes that are queued or being written.
    var unwritten = 0
    /// Somebody is writing. Only who set this may touch the transport.
    var isWriting = false
    var hasThread = false
    var isHeldBack = false
    var readerIsGone = false

    /// Takes all that is queued, and leaves spare memory for what comes next.
    mutating func takeQueued(into bytes: inout [UInt8]) {
      swap(&bytes, &spare)
      swap(&bytes, &queued)
    }
  }

  private let transport: any Transport
  private let onReaderGone: @Sendable () -> Void
  private let state = Protected(State())

  /// How long the writing thread waits for more before it ends.
  private static let lingering: Int64 = 2_000

  /// - Parameter onReaderGone: called once, without a lock, on the thread that noticed it.
  init(_ transport: any Transport, onReaderGone: @escaping @Sendable () -> Void) {
    self.transport = transport
    self.onReaderGone = onReaderGone
  }

  /// Bytes that are not written yet.
  var unwritten: Int { state.withLock { $0.unwritten } }
  /// Whether a thread is in `waitForRoom`.
  var isHeldBack: Bool { state.withLock { $0.isHeldBack } }

  /// Puts whole frames behind all others, and takes their memory. Writes nothing; `push` does.
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

  /// Writes what is queued and does not block; returns at once where another thread is writing, because that one goes on
  /// until nothing is queued.
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

  /// Waits until fewer bytes than this are unwritten, or nobody reads them.
  func waitForRoom(below limit: Int) {
    // Asked first without the flag, so that the usual case is one look.
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

  /// Waits until everything is written; false when the time was up before or nobody reads it.
  func waitUntilWritten(atMost milliseconds: Int64?) -> Bool {
    state.wait(atMost: milliseconds) { state -> Bool? in
      if state.readerIsGone { return false }
      return state.unwritten == 0 ? true : nil
    } ?? false
  }

  /// Writes these bytes and then all that has been queued meanwhile.
  ///
  /// - Returns: `nil` when there is nothing left to do, else how many of `bytes` are written.
  private func write(_ bytes: inout [UInt8], from start: Int, waiting: Bool) -> Int? {
    var written = start
    var reported = start
    while true {
      while written < bytes.count {
        switch transport.write(bytes.span.extracting(written...), waiting: waiting) {
        case .written(let count):
          written += count
          if waiting {
            // Somebody may be waiting for room, and a long write takes its time.
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

  /// Drops everything, now and from now on. `isWriting` stays set: nobody writes any more.
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
    let mustStart = state.signal { state -> Bool in
      state.handedOver = (bytes, written)
      defer { state.hasThread = true }
      return !state.hasThread
    }
    guard mustStart else { return }
    startThread { [self] in
      while true {
        let job = state.wait(atMost: Self.lingering) { state in
          defer { state.handedOver = nil }
          return state.handedOver
        }
        if let job {
          var bytes = job.bytes
          _ = write(&bytes, from: job.written, waiting: true)
          continue
        }
        let mayEnd = state.withLock { state -> Bool in
          state.hasThread = state.handedOver != nil
          return !state.hasThread
        }
        if mayEnd { return }
      }
    }
  }
}
