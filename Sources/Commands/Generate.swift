internal import JSON

/// `imagewire generate`: one prediction, from the prompt to the file.
enum Generate {
  static func run(_ invocation: Invocation, _ session: Session) -> ExitStatus {
    let submission = Submission(invocation: invocation, session: session)
    return submission.run { fields throws(Submission.Refusal) in
      let images = try submission.images()
      let prompt = Submission.prompt(invocation.operands[0])
      return try Submission.checking { () throws(UsageError) in try fields.members(prompt: prompt, images: images) }
    }
  }
}
