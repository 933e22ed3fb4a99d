internal import HTTP
internal import JSON
public import Predictions

/// The server's list of models, `GET {base}/models`, which has names only.
extension OpenAI: ProviderCatalogue {
  /// None: servers differ.
  public func builtIn(_ model: String) -> Model? { nil }

  /// All models of the server, also those for text, from which the list does not distinguish them. A request with an image is
  /// an edit under the same name.
  public func models(
    atMost milliseconds: Int64, completion: @escaping @Sendable (Result<[Model], ProviderError>) -> Void
  ) {
    let request = HTTPRequest(
      url: "\(base.text)/models", headers: headers(contentType: "application/json"), limits: .init(total: milliseconds))
    http.send(request) { result in
      switch result {
      case .failure(let failure):
        completion(
          .failure(ProviderError(message: reason(failure), hint: "Check the network.", isRetryable: true)))
      case .success(let response):
        let list = (try? JSONValue(parsing: response.body))?["data"]?.array
        guard (200..<300).contains(response.status), let list else {
          let said = quoted(OpenAIResponse.error(in: response.body)?.message)
          return completion(
            .failure(
              ProviderError(
                message: "The provider answered HTTP \(response.status)\(said).",
                hint: [401, 403].contains(response.status)
                  ? "Check \(Self.descriptor.keyVariable)." : "Check \(Self.descriptor.baseURLVariable).",
                isRetryable: response.status == 429 || response.status >= 500)))
        }
        completion(
          .success(
            list.compactMap { item in
              item["id"]?.string.flatMap { (1...256).contains($0.utf8.count) ? Model(id: $0, editModel: $0) : nil }
            }))
      }
    }
  }
}
