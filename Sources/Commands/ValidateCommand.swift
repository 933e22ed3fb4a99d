internal import Predictions
internal import Service

/// `imagewire validate`: the problems of an input.
enum ValidateCommand {
  static func run(_ invocation: Invocation, _ session: Session) -> ExitStatus {
    let console = session.console
    let request: PredictionRequest
    do throws(Submission.Refusal) {
      request = try Submission(invocation: invocation, session: session).question()
    } catch {
      return console.tell(error)
    }
    let result: Result<PredictionEngine.Validation, PredictionEngine.CatalogueError> = answer { completion in
      do throws(PredictionEngine.CatalogueError) {
        try session.engine.validate(request, completion: completion)
      } catch {
        completion(.failure(error))
      }
    }
    switch result {
    case .failure(let error): return console.tell(UnusableRequest(error), isUsage: error.isUsage)
    case .success(let validation):
      if invocation.has("--json") {
        console.print(json: validation.json)
      } else {
        for line in lines(validation) { console.print(line) }
        if let hint = validation.hint { console.note(SafeText(hint)) }
      }
      return validation.problems.isEmpty ? .done : .failed
    }
  }

  static func lines(_ validation: PredictionEngine.Validation) -> [SafeText] {
    validation.problems.map { "problem: \($0.message)" } + validation.warnings.map { "warning: \($0.message)" }
      + (validation.problems.isEmpty ? ["valid"] : [])
  }
}
