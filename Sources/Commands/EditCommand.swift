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
      let model = try editor(for: source.prediction?.model, at: provider, invocation, submission)
      let field = try Submission.checking { () throws(UsageError) in try model.imageField(count: 1) }
      let prompt = Submission.prompt(invocation.operands[1])
      var members = try Submission.checking { () throws(UsageError) in
        try fields.members(prompt: prompt, images: .init(texts: [source.text], field: field))
      }
      members["model"] = .string(model.id)
      members["provider"] = provider.map { .string($0) }
      return members
    }
  }

  /// The model that `--model` names, otherwise the one that edits for a model.
  private static func editor(
    for id: String?, at provider: String?, _ invocation: Invocation, _ submission: Submission
  ) throws(Submission.Refusal) -> ModelCatalogue.Listed {
    if let named = invocation.value("--model") { return try submission.listed(named, of: provider) }
    let base = try submission.listed(id, of: provider)
    guard let editor = base.model?.editModel else {
      throw .usage(
        UsageError(
          "No model is known that edits for \(base.id). Name one with --model; imagewire models edit lists some."))
    }
    return editor == base.id ? base : try submission.listed(editor, of: provider)
  }
}
