internal import HTTP
internal import JSON
public import Predictions

/// `POST …/media/uploads` returns a ticket, then a PUT sends the bytes to its URL; the model gets `download_url`.
extension WaveSpeed: ProviderUploads {
  static let uploadLimit: Int64 = 200_000_000

  /// 200 MB.
  public var byteLimit: Int64 { Self.uploadLimit }

  /// A day; the service stores files for seven.
  public var lifetime: Int64? { 86_400_000 }

  /// The service gets the name of the file, but not its directory; the host of the ticket gets neither, nor the key.
  public func upload(_ file: any InputFile, completion: @escaping @Sendable (UploadOutcome) -> Void) {
    guard let headers = headers() else {
      let (message, hint) = Self.invalidKey
      return completion(.refused(Self.failure(message, hint, .authentication), pause: nil))
    }
    var body = JSONWriter()
    body.value(
      [
        "filename": .string(file.name), "size": .number(JSONNumber(file.bytes)),
        "content_type": .string(file.mediaType),
      ] as JSONValue)
    let request = HTTPRequest(
      url: "\(base.text)/api/v3/media/uploads", headers: headers, body: body.bytes, limits: .init(total: 30_000))
    http.send(request) { result in
      switch result {
      case .failure(let failure): completion(unreached(failure))
      case .success(let response):
        guard let ticket = Ticket(response) else { return completion(refusedTicket(response)) }
        put(file, ticket, completion: completion)
      }
    }
  }

  /// Sends the bytes with the headers of the ticket only.
  private func put(
    _ file: any InputFile, _ ticket: Ticket, completion: @escaping @Sendable (UploadOutcome) -> Void
  ) {
    let policy = EgressPolicy(base: base)
    guard let target = WebAddress(ticket.url), policy.refusal(of: target) == nil,
      let address = WebAddress(ticket.address), policy.refusal(of: address) == nil
    else {
      return completion(.refused(Self.forbidden, pause: nil))
    }
    let request = HTTPRequest(
      url: ticket.url, headers: ticket.headers, limits: .init(total: 1_800_000, stall: 30_000), bodyLimit: 1 << 20,
      purpose: .upload(
        file.bytes, allows: { policy.allows($0.reach, host: target.host) },
        source: { file.read(from: $0, into: $1) }))
    http.send(request) { result in
      switch result {
      case .failure(let failure): completion(unreached(failure))
      case .success(let response) where (200..<300).contains(response.status): completion(.uploaded(ticket.address))
      case .success(let response): completion(refusedFile(response))
      }
    }
  }

  // MARK: - Failures

  private static func failure(
    _ message: String, _ hint: String, _ kind: PredictionFailure.Kind = .remoteError, retryable: Bool = false
  ) -> PredictionFailure {
    PredictionFailure(
      kind, retryable: retryable, message: "\(message) Nothing was sent to the model and nothing is billed.", hint: hint
    )
  }

  private static var forbidden: PredictionFailure {
    failure(
      "The provider named an address for the file that imagewire does not send to.",
      "Give a URL of the image in input instead.")
  }

  private static var tooLarge: PredictionFailure {
    failure("The file is too large for the provider (HTTP 413).", "Make the image smaller.", .invalidInput)
  }

  private func unreached(_ failure: HTTPFailure) -> UploadOutcome {
    switch failure.kind {
    case .forbiddenAddress, .badRequest: .refused(Self.forbidden, pause: nil)
    default:
      .transient(
        Self.failure(reason(failure), "Check the network, then submit again.", .network, retryable: true),
        after: nil)
    }
  }

  private func refusedTicket(_ response: HTTPResponse) -> UploadOutcome {
    let answer = WaveSpeedResponse(response)
    let status = answer?.status ?? response.status
    let after = HTTPTime.retryAfter(response.headers, now: now())
    switch status {
    case 401, 402, 403, 407:
      let (failure, pause) = refusal(status: status, answer: answer, model: "", retryAfter: after)
      return .refused(failure, pause: pause)
    case 429:
      return .transient(refusal(status: status, answer: answer, model: "", retryAfter: after).failure, after: after)
    case 413: return .refused(Self.tooLarge, pause: nil)
    case 300..<400:
      return .refused(
        Self.failure(
          "The base URL redirects (HTTP \(status)), which is not followed.",
          "Set \(Self.descriptor.baseURLVariable) to the address it redirects to."), pause: nil)
    case 400..<500 where HTTPResponse.isRefusal(status):
      let said = quoted(answer?.message)
      return .refused(
        Self.failure(
          "The provider does not take the file (HTTP \(status))\(said).",
          "Try another image, or give a URL of it in input.", .invalidInput), pause: nil)
    default:
      return .transient(
        Self.failure(
          "The provider gave no address to send the file to (HTTP \(status)).", "Submit it again in a minute.",
          retryable: true), after: after)
    }
  }

  private func refusedFile(_ response: HTTPResponse) -> UploadOutcome {
    let after = HTTPTime.retryAfter(response.headers, now: now())
    switch response.status {
    case 413: return .refused(Self.tooLarge, pause: nil)
    case 429:
      return .transient(
        Self.failure(
          "The provider's storage takes no more files for now (HTTP 429).", "Submit it again in a minute.",
          .rateLimited, retryable: true), after: after)
    // An expired or used ticket: the next try asks for a new one.
    case 403, 408, 409, 412, 425, 500...:
      return .transient(
        Self.failure(
          "The provider's storage did not take the file (HTTP \(response.status)).", "Submit it again in a minute.",
          retryable: true), after: after)
    default:
      return .refused(
        Self.failure(
          "The provider's storage refused the file (HTTP \(response.status)).",
          "Try another image, or give a URL of it in input."), pause: nil)
    }
  }
}

/// Where the bytes of a file are sent, and their address in an input afterwards.
private struct Ticket {
  let url: String
  let headers: [HTTPRequest.Header]
  let address: String

  /// Headers of the connection, which libcurl sets itself.
  private static let ofConnection: Set<String> = [
    "connection", "content-length", "expect", "host", "transfer-encoding",
  ]

  /// `nil` where the answer is not a ticket.
  init?(_ response: HTTPResponse) {
    guard let answer = WaveSpeedResponse(response), (200..<300).contains(response.status),
      (200..<300).contains(answer.status), let object = answer.object, let address = object["download_url"]?.string,
      let upload = object["upload"]?.object, let url = upload["url"]?.string,
      (upload["method"]?.string ?? "PUT").uppercased() == "PUT"
    else { return nil }
    self.url = url
    self.address = address
    headers = (upload["headers"]?.object?.members ?? []).compactMap { member in
      Self.ofConnection.contains(member.name.lowercased())
        ? nil : member.value.string.map { HTTPRequest.Header(member.name, $0) }
    }
  }
}
