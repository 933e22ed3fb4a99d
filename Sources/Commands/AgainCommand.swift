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
      return try members(over: earlier, fields)
    }
  }

  /// The parameters of `submit`: those of the earlier prediction that the options do not replace. Pure.
  ///
  /// Its limit of the price holds for the new one too; `--max-cost` replaces it, along with whether an estimate satisfies it.
  static func members(over earlier: Prediction, _ fields: RequestFields) throws(Submission.Refusal) -> JSONObject {
    guard let input = earlier.input.flatMap({ try? JSONValue(parsing: $0) })?.object else {
      throw .lookup(
        .init(message: "The input of \(earlier.id) cannot be read. imagewire doctor checks the database."))
    }
    var members = try Submission.checking { () throws(UsageError) in
      try fields.members(prompt: nil, over: input, isUploading: earlier.uploads != .none)
    }
    if members["model"] == nil { members["model"] = .string(earlier.model) }
    if members["provider"] == nil { members["provider"] = .string(earlier.provider) }
    if members["max_cost"] == nil, let micros = earlier.maxCostMicros, let amount = RequestFields.amount(micros) {
      members["max_cost"] = amount
      if earlier.allowsEstimates { members["max_cost_estimates"] = .bool(true) }
    }
    return members
  }
}
