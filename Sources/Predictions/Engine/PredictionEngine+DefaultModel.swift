internal import JSON
internal import Threads

/// Looks the default model up in the provider's catalogue before a prediction is sent, since the provider may have
/// removed it. A model that the request names is not looked up, because a catalogue need not list aliases.
extension PredictionEngine {
  /// How long the catalogue may take, in milliseconds; afterwards the prediction is sent.
  private static let patience: Int64 = 3_000
  /// How long a catalogue that did not answer is not asked again, in milliseconds.
  static let unansweredLifetime: Int64 = 600_000

  /// Whether the default model of an account need not or cannot be looked up now.
  func skipsLookup(at provider: any Provider, in state: State, now: Int64) -> Bool {
    guard provider.catalogue != nil, !provider.isEmbedded else { return true }
    return now - (state.catalogueFailedAt[provider.account] ?? .min / 2) < Self.unansweredLifetime
  }

  /// Looks up the model of the next queued prediction, and continues the queue.
  func lookUpModel(of prediction: Prediction, at provider: any Provider) {
    askForModel(of: prediction, at: provider) { [self] first in
      // The prediction fails only if two answers say that the model is missing.
      guard case .missing = first else { return settleLookup(first, of: prediction) }
      askForModel(of: prediction, at: provider) { [self] in settleLookup($0, of: prediction) }
    }
  }

  private enum Lookup: Sendable {
    case there
    case missing([String])
    case unanswered(String)
  }

  private func askForModel(
    of prediction: Prediction, at provider: any Provider, completion: @escaping @Sendable (Lookup) -> Void
  ) {
    guard let catalogue = provider.catalogue else { return completion(.unanswered("It has none.")) }
    catalogue.models(atMost: Self.patience) { [self] result in
      switch result {
      case .failure(let error): completion(.unanswered(error.message))
      case .success(let models) where models.isEmpty: completion(.unanswered("It is empty."))
      case .success(let models):
        let now = time.now.steady
        let names = state.withLock { $0.modelCache.note(models, of: provider.account, now: now) }.map(\.id)
        let isThere = names.contains { $0.hasSameCodePoints(as: prediction.model) }
        completion(isThere ? .there : .missing(names))
      }
    }
  }

  private func settleLookup(_ lookup: Lookup, of prediction: Prediction) {
    let account = prediction.account
    let goOn: @Sendable () -> Void = { [self] in
      react(.claimCleared(account: account))
      wakeDrain()
    }
    switch lookup {
    case .there: store.noteModel(prediction.model, of: account, completion: goOn)
    case .unanswered(let reason):
      notice(
        "Whether \(prediction.provider) still has the default model \(prediction.model) could not be learned; it is sent "
          + "all the same. \(reason)")
      let now = time.now.steady
      state.withLock { $0.catalogueFailedAt[account] = now }
      goOn()
    case .missing(let names):
      let nearest = ModelSighting.nearest(3, to: prediction.model, among: names).joined(separator: ", ")
      let failure = PredictionFailure(
        .modelUnavailable, retryable: false,
        message: """
          \(prediction.provider) does not list the default model \(prediction.model) any more. Nothing was sent and \
          nothing is billed.
          """,
        hint: "Name a model, with --model or in the request. The nearest it lists: \(nearest).")
      record(prediction.id, .modelMissing(failure), by: nil, completion: goOn)
    }
  }
}
