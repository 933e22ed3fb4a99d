internal import HTTP
internal import Predictions

/// Requests that cost nothing: the price of a model, the balance, the list of models.
extension WaveSpeed {
  /// Sends a request. Any 2xx with a body of the service's own is an answer.
  ///
  /// - Parameters:
  ///   - body: posted; `nil` makes it a GET.
  ///   - milliseconds: the longest wait for the answer.
  func ask(
    _ path: String, body: [UInt8]?, atMost milliseconds: Int64 = 30_000,
    completion: @escaping @Sendable (Result<WaveSpeedResponse, ProviderError>) -> Void
  ) {
    guard let headers = headers() else {
      let (message, hint) = Self.invalidKey
      return completion(
        .failure(ProviderError(message: message, hint: hint, isRetryable: false, kind: .authentication)))
    }
    http.send(HTTPRequest(url: base.text + path, headers: headers, body: body, limits: .init(total: milliseconds))) {
      result in
      switch result {
      case .failure(let failure):
        completion(.failure(failure.asProviderError(reason(failure))))
      case .success(let response):
        let answer = WaveSpeedResponse(response)
        let status = answer?.status ?? response.status
        guard (200..<300).contains(status), let answer, answer.object != nil || answer.list != nil else {
          let said = quoted(answer?.message)
          return completion(
            .failure(
              ProviderError(
                message: "The provider answered HTTP \(status)\(said).",
                hint: status == 401 || status == 403 ? "Check \(Self.descriptor.keyVariable)." : nil,
                isRetryable: status == 429 || status >= 500,
                kind: status == 401 || status == 403 ? .authentication : nil)))
        }
        completion(.success(answer))
      }
    }
  }
}
