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

  /// One model, and the list that it is in.
  struct Listed {
    /// Its name, also where the list does not have it.
    let id: String
    /// `nil` where the list does not have it.
    let model: Model?
    let offer: PredictionEngine.Offer

    /// The field of the model that takes images.
    ///
    /// - Parameter count: how many images are to go into it.
    /// - Throws: where it has none, or where that is not known although the provider has schemas: a guess could cost money.
    func imageField(count: Int) throws(UsageError) -> ImageField {
      if offer.provider == Prediction.freeProvider { return .usual(isList: count > 1) }
      if let schema = model?.schema, schema["properties"]?.object != nil {
        if let field = ImageField(schema: schema) { return field }
        let advice = model?.editModel.flatMap { $0 == id ? nil : " \($0) does: name it with --model." } ?? ""
        throw UsageError("\(id) takes no image.\(advice) Nothing was sent.")
      }
      if offer.models.contains(where: { $0.inputSchema != nil }) {
        throw UsageError(
          "\(offer.provider) does not say in which field \(id) takes an image. Name it: imagewire generate --upload NAME=FILE. "
            + "Nothing was sent.")
      }
      return .usual(isList: count > 1)
    }
  }

  /// Looks a model up in the list of its provider.
  ///
  /// - Parameter id: `nil` for the default model.
  func find(_ id: String?, of provider: String?) throws(Failure) -> Listed {
    let offer = try models(of: provider)
    let id = id ?? offer.usual
    return Listed(id: id, model: offer.models.first { $0.id == id } ?? builtIn(id, of: offer), offer: offer)
  }

  /// A model that is known although the list does not have it: the sandbox takes any name.
  private func builtIn(_ id: String, of offer: PredictionEngine.Offer) -> Model? {
    let result: Result<PredictionEngine.Offer, Failure> = answer { completion in
      do throws(Failure) {
        try engine.model(id, of: offer.provider, completion: completion)
      } catch {
        completion(.failure(error))
      }
    }
    return try? result.get().models.first
  }
}

extension Model {
  /// Its schema, parsed; `nil` where the provider gives none.
  var schema: JSONValue? { inputSchema.flatMap { try? JSONValue(parsing: $0) } }
}
