internal import JSON
internal import JSONRPC
internal import Predictions

/// The choice of the model for an agent's request, and the input in that model's own words.
struct MCPModelChoice: Sendable {
  let engine: PredictionEngine
  /// As the agent gave it; files are `@` and their path.
  var input: FlatInput
  /// Where its files may be, for messages.
  let inputs: MCPFolders
  /// The model that the agent named.
  let named: String?
  /// Whether the model must be one that edits.
  let isEdit: Bool
  /// How long the provider may take to list its models, in milliseconds.
  let patience: Int64
  /// Whether its files are opened and hashed, because they are to be sent.
  var pinsFiles = true
  /// Whether its files are still wanted while they are read.
  var isWanted: @Sendable () -> Bool = { true }

  /// The model, where one was named or chosen, and its input.
  typealias Choice = (model: String?, input: JSONObject)
  private typealias Offered = Result<PredictionEngine.Offer, PredictionEngine.CatalogueError>

  /// Chooses. Where images are given and no model, it is the one that edits for the usual model.
  ///
  /// - Parameter completion: called at once where no list of models is needed and no file is read, otherwise on another thread.
  func begin(_ completion: @escaping @Sendable (Result<Choice, RPCError>) -> Void) {
    guard pinsFiles, !input.files.isEmpty else { return choose(completion) }
    pinned { result in
      switch result {
      case .success(let choice): choice.choose(completion)
      case .failure(let error): completion(.failure(error))
      }
    }
  }

  private func choose(_ completion: @escaping @Sendable (Result<Choice, RPCError>) -> Void) {
    guard input.needsSchema || isEdit, let base = named ?? engine.usualModels.first else {
      return completion(translated(for: named, nil, id: ""))
    }
    ask(for: base) { [self] offered in
      let offer = try? offered.get()
      guard let model = offer?.models.first, named == nil, !input.images.isEmpty, let editor = model.editModel,
        editor != base
      else {
        return completion(translated(for: named, offered, id: base))
      }
      // The usual model may take images itself, as references.
      if !isEdit, let schema = offer?.schema, ImageField(schema: schema) != nil {
        return completion(translated(for: nil, offered, id: base))
      }
      ask(for: editor) { completion(translated(for: editor, $0, id: editor)) }
    }
  }

  private func ask(for id: String, _ completion: @escaping @Sendable (Offered) -> Void) {
    do throws(PredictionEngine.CatalogueError) {
      let needsSibling = isEdit || !input.images.isEmpty
      try engine.model(id, of: nil, atMost: patience, asListed: needsSibling, completion: completion)
    } catch {
      completion(.failure(error))
    }
  }

  /// The input for a model. Where the provider has a list and the model is not in it, or the list cannot be had, nothing is
  /// guessed: a guess could cost money.
  private func translated(for chosen: String?, _ offered: Offered?, id: String) -> Result<Choice, RPCError> {
    var offer: PredictionEngine.Offer?
    switch offered {
    case nil, .failure(.noCatalogue): break
    case .failure(.noModel(let model, let provider)):
      return .failure(
        .invalidParams(
          "model", "the provider \"\(provider)\" lists no model \"\(model)\"", hint: "list_models finds one."))
    case .failure(.submit(let error)): return .failure(.submit(error))
    case .failure(let error):
      let reason = RPCError.catalogue(error).sentence.description
      return .failure(
        RPCError(
          .providerFailed, "Nothing was sent, because the list of models could not be read. \(reason)", retryable: true)
      )
    case .success(let found): offer = found
    }
    do throws(FlatInput.Refusal) {
      let isLenient = offer?.provider == Prediction.freeProvider
      return .success((chosen, try input.input(for: offer?.schema, of: id, isLenient: isLenient)))
    } catch {
      return .failure(.invalidParams(error.member, error.message, hint: error.hint))
    }
  }
}

extension PredictionEngine.Offer {
  /// The schema of its only model; `nil` where the provider gives none.
  fileprivate var schema: JSONValue? { models.first?.inputSchema.flatMap { try? JSONValue(parsing: $0) } }
}
