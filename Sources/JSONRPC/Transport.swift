/// Two streams of bytes, one in each direction.
///
/// One thread reads. One thread at a time writes; `Outbox` ensures it.
public protocol Transport: Sendable {
  /// Reads available bytes to the front of `chunk`, waiting for the first; the chunk keeps its size.
  ///
  /// - Returns: the number of bytes; 0 at the end of the input or after an error.
  func read(into chunk: inout [UInt8]) -> Int

  /// Writes some of the bytes, of which there is at least one.
  ///
  /// - Parameter waiting: whether it may block; if not, it returns `.wouldBlock` instead.
  func write(_ bytes: borrowing Span<UInt8>, waiting: Bool) -> WriteOutcome
}

/// The result of a write.
public enum WriteOutcome: Sendable, Equatable {
  /// This many bytes were written, at least one.
  case written(Int)
  /// Nothing was written because it would have blocked; only without `waiting`.
  case wouldBlock
  /// The reader is gone: no later write would be read.
  case readerGone
}
