internal import Threads

/// A transport for tests: the other end is a caller in the same process.
///
/// One `send` is one read, and each write is one element of `writes`. `Connection.run` can be called on the same thread
/// once everything has been sent.
public final class MemoryTransport: Transport {
  private struct State {
    var chunks: [[UInt8]] = []
    /// The number of bytes read of the first chunk.
    var offset = 0
    var inputEnded = false
    var writes: [[UInt8]] = []
    var room: Int
    var readerIsGone = false
  }

  private let state: Protected<State>

  /// - Parameter room: the bytes that may be written before `makeRoom`, like the buffer of a pipe.
  public init(room: Int = .max) {
    state = Protected(State(room: room))
  }

  // MARK: - The other end

  /// Sends bytes that arrive in one read, or in several where they exceed its buffer.
  public func send(_ bytes: [UInt8]) {
    guard !bytes.isEmpty else { return }
    state.signal { $0.chunks.append(bytes) }
  }

  /// Sends text.
  public func send(_ text: String) {
    send(Array(text.utf8))
  }

  /// Ends the input.
  public func endInput() {
    state.signal { $0.inputEnded = true }
  }

  /// Allows so many more bytes to be written.
  public func makeRoom(_ bytes: Int = .max) {
    state.signal { $0.room = $0.room > Int.max - bytes ? .max : $0.room + bytes }
  }

  /// Closes the reading end: later writes return `.readerGone`.
  public func stopReceiving() {
    state.signal { $0.readerIsGone = true }
  }

  /// The bytes received so far, one element a write.
  public var writes: [[UInt8]] { state.withLock { $0.writes } }

  /// The bytes received so far, as text.
  public var received: String { String(decoding: writes.joined(), as: UTF8.self) }

  /// Waits until the body returns a value for the received text; `nil` once the time, in milliseconds, is up.
  public func waitForReceived<Result: Sendable>(
    atMost milliseconds: Int64 = 10_000, until body: (String) -> Result?
  ) -> Result? {
    state.wait(atMost: milliseconds) { body(String(decoding: $0.writes.joined(), as: UTF8.self)) }
  }

  // MARK: - This end

  /// Reads from the oldest chunk; waits for one.
  public func read(into chunk: inout [UInt8]) -> Int {
    let capacity = chunk.count
    let taken = state.wait { state -> ArraySlice<UInt8>? in
      guard let first = state.chunks.first else { return state.inputEnded ? [] : nil }
      let taken = first[state.offset..<min(state.offset + capacity, first.count)]
      state.offset = taken.endIndex
      if state.offset == first.count {
        state.chunks.removeFirst()
        state.offset = 0
      }
      return taken
    }
    guard let taken else { return 0 }
    chunk.replaceSubrange(..<taken.count, with: taken)
    return taken.count
  }

  /// Writes as many bytes as there is room for.
  public func write(_ bytes: borrowing Span<UInt8>, waiting: Bool) -> WriteOutcome {
    let bytes = bytes.withUnsafeBufferPointer { Array($0) }
    let outcome = state.wait(atMost: waiting ? nil : 0) { state -> WriteOutcome? in
      if state.readerIsGone { return .readerGone }
      guard state.room > 0 else { return nil }
      let count = min(state.room, bytes.count)
      if state.room != .max { state.room -= count }
      state.writes.append(Array(bytes[..<count]))
      return .written(count)
    }
    if case .written = outcome { state.signal { _ in } }
    return outcome ?? .wouldBlock
  }
}
