internal import JSON
internal import Predictions

/// The models of a provider, for commands that choose one. Requests are free.
struct ModelCatalogue {
  let engine: PredictionEngine

  typealias Failure = PredictionEngine.CatalogueError

  /// All models of a provider.
  func models(of provider: String?) throws(Failure) -> PredictionEngine.Offer {
    let result: Result<PredictionEngine.Offer, Failure> = answer { completion in
      do throws(Failure) {
        try engine.models(of: provider, completion: completion)
      } catch {
        completion(.failure(error))
      }
    }
    return try result.get()
  }

  /// One model, with its schema.
  ///
  /// - Parameter id: `nil` for the default model.
  func model(_ id: String?, of provider: String?) throws(Failure) -> (model: Model, offer: PredictionEngine.Offer) {
    // First the list: a built-in model has no siblings.
    let offer = try models(of: provider)
    let id = id ?? offer.usual
    if let model = offer.models.first(where: { $0.id == id }) { return (model, offer) }
    let result: Result<PredictionEngine.Offer, Failure> = answer { completion in
      do throws(Failure) {
        try engine.model(id, of: provider, completion: completion)
      } catch {
        completion(.failure(error))
      }
    }
    let one = try result.get()
    guard let model = one.models.first else { throw .noModel(id, provider: one.provider) }
    return (model, one)
  }
}

extension Model {
  /// Its schema, parsed; `nil` where the provider gives none.
  var schema: JSONValue? { inputSchema.flatMap { try? JSONValue(parsing: $0) } }
}
