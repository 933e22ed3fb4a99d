/// Why a prediction failed, as data: work that fails is a value, only a call that fails is an error.
public struct PredictionFailure: Sendable, Equatable {
  /// The kind, by which programs decide; schemas/protocol.md, "The prediction".
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
    /// Nobody knows whether the provider took it.
    case submissionUnknown = "submission_unknown"
    /// It is finished and paid for, but its files could not be fetched or saved.
    case downloadFailed = "download_failed"
    /// It would have cost more than allowed.
    case budgetExceeded = "budget_exceeded"
    /// The caller stopped it.
    case cancelled
    /// The process ended before it was sent.
    case interrupted
    /// A fault of ours.
    case `internal`
  }

  /// The kind.
  public var kind: Kind
  /// Whether a new submit could succeed.
  public var retryable: Bool
  /// One sentence for people: what happened.
  public var message: String
  /// What to do next, where there is something.
  public var hint: String?
  /// The provider's own code, where it gave one.
  public var remoteCode: String?

  /// Puts a failure together.
  public init(_ kind: Kind, retryable: Bool, message: String, hint: String? = nil, remoteCode: String? = nil) {
    self.kind = kind
    self.retryable = retryable
    self.message = message
    self.hint = hint
    self.remoteCode = remoteCode
  }
}
