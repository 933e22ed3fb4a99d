internal import JSON
internal import Predictions

/// `imagewire again`: a new prediction with the input of an earlier one.
enum AgainCommand {
  static func run(_ invocation: Invocation, _ session: Session) -> ExitStatus {
    Submission(invocation: invocation, session: session).run { fields throws(Submission.Refusal) in
      let earlier: Prediction
      do throws(PredictionLookup.Failure) {
        earlier = try PredictionLookup(session: session).find(invocation.operands[0]).snapshot.prediction
      } catch {
        throw .lookup(error)
      }
      guard let input = earlier.input.flatMap({ try? JSONValue(parsing: $0) })?.object else {
        throw .lookup(
          .init(message: "The input of \(earlier.id) cannot be read. imagewire doctor checks the database."))
      }
      var members = try Submission.checking { () throws(UsageError) in
        try fields.members(prompt: nil, over: input, isUploading: earlier.uploads != .none)
      }
      if members["model"] == nil { members["model"] = .string(earlier.model) }
      if members["provider"] == nil { members["provider"] = .string(earlier.provider) }
      return members
    }
  }
}
