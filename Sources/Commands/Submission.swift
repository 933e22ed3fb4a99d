internal import JSON
internal import Predictions
internal import Service

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// A request that a command line makes: submitted and followed to its end. Also what `quote` and `validate` ask about.
struct Submission {
  let invocation: Invocation
  let session: Session

  /// Why there is no request.
  enum Refusal: Error {
    /// The command line cannot be used.
    case usage(UsageError)
    /// The request cannot be used; whether the command line or the configuration is the reason.
    case request(UnusableRequest, isUsage: Bool)
    /// What it names was not found.
    case lookup(PredictionLookup.Failure)
  }

  /// Submits the request that `make` returns, and follows it.
  ///
  /// - Parameter follow: what is done with the accepted prediction; by default it is waited for.
  func run(
    follow: (PredictionSnapshot) -> ExitStatus? = { _ in nil }, _ make: (RequestFields) throws(Refusal) -> JSONObject
  ) -> ExitStatus {
    let request: PredictionRequest
    do throws(Refusal) {
      let members = try make(fields)
      request = try Self.refusing { () throws(UnusableRequest) in try PredictionRequest(members: members) }
    } catch {
      return session.console.tell(error)
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
    case .failure(let error): return session.console.tell(UnusableRequest(error), isUsage: error.isUsage)
    case .success(let accepted):
      for warning in accepted.snapshot.warnings { session.console.error("\(warning.message).") }
      return follow(accepted.snapshot)
        ?? ResultWaiter(invocation, session).follow(accepted.snapshot, onInterrupt: .cancel)
    }
  }

  /// The options of the command line.
  var fields: RequestFields { RequestFields(invocation, folder: session.folder, isFolder: Self.isFolder) }

  /// The images that `--image` names, and the field of the model that takes them; `nil` where the option is not given.
  func images() throws(Refusal) -> RequestFields.Images? {
    let names = invocation.values("--image")
    guard !names.isEmpty else { return nil }
    var texts: [String] = []
    for name in names { texts.append(try source(name).text) }
    let listed = try listed(invocation.value("--model"), of: invocation.value("--provider"))
    let field = try Self.checking { () throws(UsageError) in try listed.imageField(count: texts.count) }
    return RequestFields.Images(texts: texts, field: field)
  }

  /// What a text names.
  func source(_ text: String) throws(Refusal) -> ImageSource {
    do throws(PredictionLookup.Failure) {
      return try ImageSource(text, session)
    } catch {
      throw .lookup(error)
    }
  }

  /// Looks up a model, of which a field is to be chosen.
  func listed(_ id: String?, of provider: String?) throws(Refusal) -> ModelCatalogue.Listed {
    do throws(PredictionEngine.CatalogueError) {
      return try ModelCatalogue(engine: session.engine).find(id, of: provider)
    } catch {
      throw .request(UnusableRequest(error), isUsage: error.isUsage)
    }
  }

  /// Turns an unusable request into a refusal.
  static func refusing<Value>(_ body: () throws(UnusableRequest) -> Value) throws(Refusal) -> Value {
    do throws(UnusableRequest) { return try body() } catch { throw .request(error, isUsage: true) }
  }

  /// The same for a command line.
  static func checking<Value>(_ body: () throws(UsageError) -> Value) throws(Refusal) -> Value {
    do throws(UsageError) { return try body() } catch { throw .usage(error) }
  }

  private static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// The prompt; `-` reads it from standard input, without white space at the end.
  static func prompt(_ operand: String) -> String {
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

extension Submission {
  /// The request that `quote` and `validate` ask about; the prompt may be absent.
  func question() throws(Refusal) -> PredictionRequest {
    let images = try images()
    let prompt = invocation.operands.first.map(Self.prompt)
    let members = try Self.checking { () throws(UsageError) in try fields.members(prompt: prompt, images: images) }
    var request = PredictionRequest(input: members["input"]?.object ?? JSONObject())
    request.model = invocation.value("--model")
    request.provider = invocation.value("--provider")
    return request
  }
}

extension SubmitError {
  /// Whether the command line or the configuration is the reason.
  var isUsage: Bool {
    switch self {
    case .invalid, .notConfigured, .misconfigured: true
    default: false
    }
  }
}

extension PredictionEngine.CatalogueError {
  /// Whether the command line or the configuration is the reason.
  var isUsage: Bool {
    switch self {
    case .submit(let error): error.isUsage
    case .noModel: true
    case .noCatalogue, .provider: false
    }
  }
}

extension PredictionEngine.PriceError {
  /// Whether the command line or the configuration is the reason.
  var isUsage: Bool {
    if case .submit(let error) = self { error.isUsage } else { false }
  }
}

extension Console {
  /// Prints why a request was refused, and what to do.
  func tell(_ request: UnusableRequest, isUsage: Bool) -> ExitStatus {
    error("\(sentences(request.message))")
    if let hint = request.hint { note(SafeText(hint)) }
    return isUsage ? .usage : .failed
  }

  /// Prints why there is no request.
  func tell(_ refusal: Submission.Refusal) -> ExitStatus {
    switch refusal {
    case .usage(let error):
      self.error("\(error.message)")
      return .usage
    case .request(let request, let isUsage): return tell(request, isUsage: isUsage)
    case .lookup(let failure):
      tell(failure)
      return .failed
    }
  }
}
