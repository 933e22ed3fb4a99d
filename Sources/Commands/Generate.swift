internal import JSON
internal import Predictions
internal import Service
internal import Threads

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// `imagewire generate`: one prediction, from the prompt to the file.
enum Generate {
  static func run(_ invocation: Invocation, _ session: Session) -> ExitStatus {
    let console = session.console
    let request: PredictionRequest
    do {
      request = try PredictionRequest(
        members: RequestFields(invocation, folder: session.folder, isFolder: isFolder).members(
          prompt: prompt(invocation.operands[0])))
    } catch let error as UsageError {
      console.error("\(error.message)")
      return .usage
    } catch {
      let error = error as? UnusableRequest
      console.error("\(sentences(error?.message ?? "The command line cannot be used"))")
      if let hint = error?.hint { console.note(SafeText(hint)) }
      return .usage
    }

    // Loads the fields of the model first: otherwise a misspelt field would be sent and paid for.
    if request.input.members.count > 1 {
      let _: Bool = answer { completion in
        session.engine.learnModels(of: request.provider) { completion(true) }
      }
    }
    let submitted: Result<PredictionEngine.Accepted, SubmitError> = answer { completion in
      do throws(SubmitError) {
        try session.engine.submit(request, completion: completion)
        session.engine.settle()
      } catch {
        completion(.failure(error))
      }
    }
    switch submitted {
    case .failure(let error):
      let problem = UnusableRequest(error)
      console.error("\(sentences(problem.message))")
      if let hint = problem.hint { console.note(SafeText(hint)) }
      switch error {
      case .invalid, .notConfigured, .misconfigured: return .usage
      default: return .failed
      }
    case .success(let accepted):
      for warning in accepted.snapshot.warnings { console.error("\(warning.message).") }
      let following = ResultWaiter(invocation, session)
      return following.follow(accepted.snapshot, onInterrupt: .cancel)
    }
  }

  private static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// The prompt; `-` reads it from standard input, without white space at the end.
  private static func prompt(_ operand: String) -> String {
    guard operand == "-" else { return operand }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while bytes.count < 1 << 20 {
      let count = buffer.withUnsafeMutableBytes { read(0, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      if count <= 0 { break }
      bytes += buffer.prefix(count)
    }
    while let last = bytes.last, last <= 0x20 { bytes.removeLast() }
    return String(decoding: bytes, as: UTF8.self)
  }
}
