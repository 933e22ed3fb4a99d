/// How long a job took at its provider, as far as the polls tell: it still ran at one age, and was done at another. Ages are
/// milliseconds since the provider accepted it.
public struct JobDuration: Sendable, Equatable {
  /// The kind of job; see `JobKind`.
  public let kind: Int64
  /// When the last poll that found it running was sent; 0 where none did.
  public let stillMilliseconds: Int64
  /// When the final answer arrived.
  public let doneMilliseconds: Int64

  /// How many are stored of one account and model.
  public static let kept = 256
  /// The longest time that is learned from.
  private static let longest: Int64 = 4_096_000
  /// The longest pause between two polls, ten seconds, with the time of an answer over a slow line. With less, jobs that end in
  /// such a pause would never be learned from, and the pauses would stay as long.
  private static let apart: Int64 = 15_000

  /// A duration; `nil` where the two ages are too far apart to tell much: the process slept, or the line of polls was long.
  ///
  /// - Parameter inference: the provider's own time. It leaves out the provider's queue, so it can only raise `still`.
  public init?(kind: Int64, still: Int64, done: Int64, inference: Int64? = nil) {
    guard (1...Self.longest).contains(done), (0...done).contains(still) else { return nil }
    let still = if let inference, inference > still, inference <= done { inference } else { still }
    guard done - still <= max(Self.apart, done / 2) else { return nil }
    self.kind = kind
    stillMilliseconds = still
    doneMilliseconds = done
  }
}
