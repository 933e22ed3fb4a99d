/// Two streams of bytes, one in each direction.
///
/// One thread reads. One thread at a time writes; `Outbox` sees to that.
public protocol Transport: Sendable {
  /// Fills the front of a chunk with what is there, waiting where there is nothing yet; the chunk keeps its size.
  ///
  /// - Returns: how many bytes; 0 at the end of the input. A stream that cannot be read any more has ended.
  func read(into chunk: inout [UInt8]) -> Int

  /// Writes some of the bytes, of which there is at least one.
  ///
  /// - Parameter waiting: false for a thread that must not block: then this answers `.wouldBlock` instead.
  func write(_ bytes: borrowing Span<UInt8>, waiting: Bool) -> WriteOutcome
}

/// What became of a write.
public enum WriteOutcome: Sendable, Equatable {
  /// So many bytes are written, at least one.
  case written(Int)
  /// Nothing is written, because it would have blocked; only where it must not wait.
  case wouldBlock
  /// Nobody will ever read what is written.
  case readerGone
}
