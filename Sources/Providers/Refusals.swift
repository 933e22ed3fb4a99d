internal import HTTP
internal import Predictions

/// A refusal of a submit, and how long the account should pause after it, in milliseconds; `nil` does not pause it.
typealias Refusal = (failure: PredictionFailure, pause: Int64?)

/// The refusals that all services have, with the same messages. Each message says that nothing is billed.
struct Refusals {
  let provider: ProviderDescriptor
  /// 3xx or 4xx; 200 for an error in place of images.
  let status: Int
  /// The server's message, from `quoted`.
  let said: String
  /// The service's own code.
  let code: String?

  /// The pause of an account where the service gives none, in milliseconds.
  static let pause: Int64 = 60_000

  /// A refusal. The server's message and a full stop are appended to `message`.
  func refusal(
    _ kind: PredictionFailure.Kind, _ message: String, _ hint: String, retryable: Bool = false, pause: Int64? = nil
  ) -> Refusal {
    (
      PredictionFailure(
        kind, retryable: retryable, message: "\(message)\(said). Nothing is billed.", hint: hint, remoteCode: code),
      pause
    )
  }

  /// A redirect of a paid request.
  var redirect: Refusal {
    refusal(
      .remoteError, "The base URL redirects (HTTP \(status)), and a paid request does not follow",
      "Set \(provider.baseURLVariable) to the address it redirects to.")
  }

  /// Too many requests.
  func rateLimited(retryAfter: Int64?) -> Refusal {
    refusal(
      .rateLimited, "The provider takes no more requests for now (HTTP 429)",
      "Submit it again in a minute, or lower --max-per-minute.", retryable: true,
      pause: max(1_000, retryAfter ?? Self.pause))
  }

  /// An account without credit.
  func noCredit(_ hint: String) -> Refusal {
    refusal(.insufficientCredit, "The account has not enough credit (HTTP \(status))", hint, pause: Self.pause)
  }

  /// 401 or 403.
  func keyRefused(_ hint: String) -> Refusal {
    let what =
      status == 401 ? "The provider does not accept the key" : "The provider does not allow this key to do that"
    return refusal(.authentication, "\(what) (HTTP \(status))", hint, pause: Self.pause)
  }

  /// 407 of a proxy.
  var proxyPassword: Refusal {
    refusal(
      .network, "The proxy requires a name and a password (HTTP 407)", "Put them into HTTPS_PROXY, then submit again.",
      retryable: true)
  }

  /// A content filter.
  var content: Refusal {
    refusal(.contentRefused, "The provider refused the content (HTTP \(status))", "Change the prompt.")
  }

  /// A model that the provider does not have.
  func noModel(_ model: String, _ hint: String) -> Refusal {
    refusal(.modelUnavailable, "The provider has no model \(model) (HTTP \(status))", hint)
  }
}
