/// Why a prediction failed. A value, not an error: errors are for calls that fail.
public struct PredictionFailure: Sendable, Equatable {
  /// The kind of failure, for programs; schemas/protocol.md, "The prediction".
  public enum Kind: String, Sendable, CaseIterable {
    /// The provider refused the input.
    case invalidInput = "invalid_input"
    /// The provider refused the content.
    case contentRefused = "content_refused"
    /// The key is missing, wrong or not allowed.
    case authentication
    /// The account is empty.
    case insufficientCredit = "insufficient_credit"
    /// Too many requests.
    case rateLimited = "rate_limited"
    /// No such model, or it is retired.
    case modelUnavailable = "model_unavailable"
    /// The provider could not be reached; nothing was sent.
    case network
    /// This machine lacks something that every request needs (libcurl, certificates); nothing was sent.
    case configuration
    /// The provider failed.
    case remoteError = "remote_error"
    /// The provider ran out of its own time.
    case remoteTimeout = "remote_timeout"
    /// It is unknown whether the provider accepted it.
    case submissionUnknown = "submission_unknown"
    /// It is finished and paid for, but its files could not be fetched or saved.
    case downloadFailed = "download_failed"
    /// It would have cost more than allowed.
    case budgetExceeded = "budget_exceeded"
    /// Another prediction, whose output its input names, cannot give it.
    case dependencyFailed = "dependency_failed"
    /// The caller stopped it.
    case cancelled
    /// The process ended before it was sent.
    case interrupted
    /// A fault of this program.
    case `internal`
  }

  /// The kind.
  public var kind: Kind
  /// Whether a new submit could succeed.
  public var retryable: Bool
  /// One sentence for people: what happened.
  public var message: String
  /// What to do next, if anything.
  public var hint: String?
  /// The provider's own code, where it gave one.
  public var remoteCode: String?
  /// Of `downloadFailed`: which outputs could not be saved, from 1, in rising order.
  public var missing: [Int] = []
  /// What came of outputs that could not be saved, by rising index.
  public var partial: [PartialFile] = []
  /// Of `downloadFailed`: whether no further download can succeed, because the provider no longer has the outputs.
  public var isFinal = false

  /// A failure.
  public init(_ kind: Kind, retryable: Bool, message: String, hint: String? = nil, remoteCode: String? = nil) {
    self.kind = kind
    self.retryable = retryable
    self.message = message
    self.hint = hint
    self.remoteCode = remoteCode
  }
}
