internal import HTTP
internal import JSON
public import Predictions

/// The server's list of models, `GET {base}/models`: ids, and the name and the kind of a model where the server says them.
extension OpenAI: ProviderCatalogue {
  /// None: servers differ.
  public func builtIn(_ model: String) -> Model? { nil }

  /// All models of the server, also those for text, from which the list does not distinguish them. A request with an image is
  /// an edit under the same name.
  public func models(
    atMost milliseconds: Int64, completion: @escaping @Sendable (Result<[Model], ProviderError>) -> Void
  ) {
    askForModels(atMost: milliseconds) { result in
      switch result {
      case .failure(let failure):
        completion(
          .failure(ProviderError(message: reason(failure), hint: "Check the network.", isRetryable: true)))
      case .success(let response):
        server.note(response)
        let answer = try? JSONValue(parsing: response.body)
        let list = answer?.array ?? answer?["data"]?.array
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
        completion(.success(list.compactMap(Self.model)))
      }
    }
  }

  /// Sends `GET {base}/models`, which is free.
  func askForModels(
    atMost milliseconds: Int64, completion: @escaping @Sendable (Result<HTTPResponse, HTTPFailure>) -> Void
  ) {
    http.send(
      HTTPRequest(
        url: base.url(of: "/models"), headers: headers(contentType: "application/json"),
        limits: .init(total: milliseconds)),
      completion: completion)
  }

  static func model(_ item: JSONValue) -> Model? {
    guard let id = item["id"]?.string, (1...256).contains(id.utf8.count) else { return nil }
    let name = (item["display_name"] ?? item["name"])?.string.map { SafeText($0, atMost: 200).description }
    let outputs = item["architecture"]?["output_modalities"]?.array?.compactMap(\.string) ?? []
    let type = (item["model_type"] ?? item["type"])?.string
    let kind = outputs.contains("image") ? .image : (outputs + [type ?? ""]).lazy.compactMap { kinds[$0] }.first
    return Model(id: id, name: name == id || name == "" ? nil : name, kind: kind, editModel: id)
  }

  /// `model_type` of Xinference, `type` of Together, `output_modalities` of OpenRouter.
  private static let kinds: [String: ModelKind] = [
    "image": .image, "video": .video, "audio": .audio, "LLM": .text, "chat": .text, "language": .text, "text": .text,
  ]
}
