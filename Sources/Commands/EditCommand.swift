internal import JSON
internal import Predictions
internal import Service

/// `imagewire edit`: a prediction that edits a file or an output of an earlier one.
enum EditCommand {
  static func run(_ invocation: Invocation, _ session: Session) -> ExitStatus {
    let submission = Submission(invocation: invocation, session: session)
    return submission.run { fields throws(Submission.Refusal) in
      let source = try submission.source(invocation.operands[0])
      let provider = invocation.value("--provider") ?? source.prediction?.provider
      let model = try editor(of: source.prediction?.model, at: provider, invocation, session)
      let field = try submission.field(count: 1, of: model)
      let prompt = Submission.prompt(invocation.operands[1])
      var members = try Submission.checking { () throws(UsageError) in
        try fields.members(prompt: prompt, images: .init(paths: [source.path], field: field))
      }
      members["model"] = .string(model.id)
      members["provider"] = provider.map { .string($0) }
      return members
    }
  }

  /// The model that `--model` names, otherwise the one that edits for a model.
  private static func editor(
    of id: String?, at provider: String?, _ invocation: Invocation, _ session: Session
  ) throws(Submission.Refusal) -> Model {
    let catalogue = ModelCatalogue(engine: session.engine)
    let named = invocation.value("--model")
    let model: Model
    let offer: PredictionEngine.Offer
    do throws(PredictionEngine.CatalogueError) {
      (model, offer) = try catalogue.model(named ?? id, of: provider)
    } catch {
      switch (error, named) {
      // The list need not have every model, and a server of one's own need not have a list.
      case (.noModel, let named?), (.noCatalogue, let named?), (.provider, let named?): return Model(id: named)
      default: throw .request(UnusableRequest(error), isUsage: error.isUsage)
      }
    }
    if named != nil { return model }
    guard let editor = model.editModel else {
      throw .usage(
        UsageError(
          "No model is known that edits for \(model.id). Name one with --model; imagewire models edit lists some."))
    }
    return offer.models.first { $0.id == editor } ?? Model(id: editor, editModel: editor)
  }
}
