internal import JSON
public import Predictions

/// The schema of the members that `SandboxInput` reads.
extension Sandbox: ProviderCatalogue {
  /// Any name of a model.
  public func builtIn(_ model: String) -> Model? {
    Model(
      id: model, name: "Sandbox", kind: .image,
      description: "Draws offline and free: the same image for the same input.",
      priceMicros: 0, editModel: model, pricedInputs: [], inputSchema: Self.inputSchema)
  }

  /// One: the default model.
  public func models(
    atMost milliseconds: Int64, completion: @escaping @Sendable (Result<[Model], ProviderError>) -> Void
  ) {
    completion(.success(builtIn(defaultModel).map { [$0] } ?? []))
  }

  private static let inputSchema = JSONValue.object(
    JSONObject([
      ("type", "object"),
      (
        "properties",
        [
          "prompt": ["type": "string", "minLength": 1],
          "size": [
            "type": "string", "pattern": "^[0-9]{2,4}[x*][0-9]{2,4}$", "default": "1024x1024",
            "description": "WIDTHxHEIGHT or WIDTH*HEIGHT, 64 to 4096 a side.",
          ],
          "n": ["type": "integer", "minimum": 1, "maximum": 10, "default": 1],
          "sandbox": [
            "type": "object", "description": "Behaviour to simulate; no other provider takes it.",
            "properties": [
              "delay_ms": ["type": "integer", "minimum": 0, "maximum": 3_600_000, "default": 0],
              "fail": ["type": "string", "enum": kinds],
              "nsfw": ["type": "boolean"], "never": ["type": "boolean"], "lost_reply": ["type": "boolean"],
            ],
          ],
        ]
      ),
      ("required", ["prompt"]),
    ])
  ).serialized

  private static let kinds = JSONValue.array(PredictionFailure.Kind.allCases.map { .string($0.rawValue) })
}
