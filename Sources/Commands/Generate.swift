internal import JSON
internal import Predictions
internal import Service

/// `imagewire generate`: one prediction, from the prompt to the file; and `imagewire submit`, which does not wait.
enum Generate {
  static func run(_ invocation: Invocation, _ session: Session) -> ExitStatus {
    let submission = Submission(invocation: invocation, session: session)
    return submission.run { fields throws(Submission.Refusal) in try members(submission, fields) }
  }

  /// Prints the id of the accepted prediction. The end of the process waits until it is sent, if the limits allow.
  static func submit(_ invocation: Invocation, _ session: Session) -> ExitStatus {
    let submission = Submission(invocation: invocation, session: session)
    func show(_ snapshot: PredictionSnapshot) -> ExitStatus? {
      if invocation.has("--json") {
        session.console.print(json: snapshot.json)
      } else {
        session.console.print("\(snapshot.prediction.id)")
      }
      return .done
    }
    return submission.run(follow: show) { fields throws(Submission.Refusal) in try members(submission, fields) }
  }

  private static func members(
    _ submission: Submission, _ fields: RequestFields
  ) throws(Submission.Refusal) -> JSONObject {
    let images = try submission.images()
    let prompt = Submission.prompt(submission.invocation.operands[0])
    return try Submission.checking { () throws(UsageError) in try fields.members(prompt: prompt, images: images) }
  }
}
