internal import HTTP
internal import Predictions
internal import Threads

/// A provider with an HTTP API and a key, and the parts that all of these share.
protocol HTTPProvider: ListedProvider, ServerQuoting {
  /// The base URL; paths are appended to it.
  var base: BaseURL { get }
  /// The client that sends its requests.
  var http: HTTPClient { get }
  /// Where stored replies are read, and outputs written.
  var files: WorkQueue { get }
  /// The version of this program, for the header `User-Agent`.
  var clientVersion: String { get }
  /// The wall clock in milliseconds since 1970; only compared with the `Date` of answers.
  var now: @Sendable () -> Int64 { get }
}

extension HTTPProvider {
  /// `.near` where the base URL is on this machine.
  var usualPace: PollPace { base.reach == .loopback ? .near : .remote }

  var userAgent: String { "imagewire/\(clientVersion)" }

  /// The longest answer that may hold outputs, in bytes, and how many of them may be anything else.
  static var answerLimit: (whole: Int64, plain: Int64) { (512 << 20, 16 << 20) }

  // MARK: - Texts and the key

  /// Whether a header may contain the key: printable ASCII without spaces. An empty key is valid.
  var isKeyValid: Bool { key.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } }

  /// The failure of a call with an invalid key.
  static var invalidKey: (message: String, hint: String) {
    ("The API key is empty or contains invalid characters.", "Check \(descriptor.keyVariable).")
  }

  // MARK: - Answers

  /// The answer to a POST, or the outcome of a POST without a usable answer.
  func answer(to result: Result<HTTPResponse, HTTPFailure>) -> Answer {
    switch result {
    case .success(let response): return .response(response, broken: nil)
    case .failure(let failure):
      guard failure.mayHaveBeenSent else { return .outcome(failure.unsent(reason(failure))) }
      guard let partial = failure.partial else { return .outcome(.ambiguous(reason: reason(failure))) }
      return .response(partial, broken: failure)
    }
  }

  /// That a reply with a status of success is not understood, in one sentence.
  func notUnderstood(_ response: HTTPResponse) -> String {
    "The provider answered HTTP \(response.status), and the answer (\(response.body.count) bytes) is not understood."
  }

  /// Opens a connection to the host of an output, where it is not the provider's own, to which polls have one. The key does not
  /// go there.
  func openConnection(toHostOf output: String) {
    let policy = EgressPolicy(base: base)
    guard let address = WebAddress(output), policy.refusal(of: address) == nil else { return }
    if let own = WebAddress(base.text), (own.host, own.port) == (address.host, address.port) { return }
    let request = HTTPRequest(
      url: "\(address.scheme)://\(address.host):\(address.port)/", headers: [.init("User-Agent", userAgent)],
      limits: .init(connect: 3_000, total: 3_000),
      purpose: .open(allows: { policy.allows($0.reach, host: address.host) }))
    http.send(request) { _ in }
  }

  /// Downloads one output, without the key.
  func fetch(
    _ output: String, into writer: any OutputWriter, completion: @escaping @Sendable (DownloadOutcome) -> Void
  ) {
    Download(
      http: http, policy: EgressPolicy(base: base), userAgent: userAgent, writer: writer, files: files,
      completion: completion
    ).fetch(output)
  }
}

/// The answer to a POST.
enum Answer {
  /// `broken` is set where it is incomplete.
  case response(HTTPResponse, broken: HTTPFailure?)
  /// There is no answer, so that the failure decides.
  case outcome(SubmitOutcome)
}

extension HTTPResponse {
  /// Whether a status says for certain that nothing was made: 3xx and 4xx except 408, 409 and 425.
  static func isRefusal(_ status: Int) -> Bool { (300..<500).contains(status) && ![408, 409, 425].contains(status) }
}
