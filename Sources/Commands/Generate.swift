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
      request = try PredictionRequest(members: members(invocation, session))
    } catch let error as UsageError {
      console.error("\(error.message)")
      return .usage
    } catch {
      let error = error as? UnusableRequest
      console.error("\(sentences(error?.message ?? "The command line cannot be used"))")
      if let hint = error?.hint { console.note(SafeText(hint)) }
      return .usage
    }

    // Without the model's fields a misspelt one would be sent, and paid for.
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

  /// The members of `submit`, from what was typed.
  private static func members(_ invocation: Invocation, _ session: Session) throws -> JSONObject {
    var input = JSONObject()
    if let text = invocation.value("--input") {
      guard let object = try? JSONValue(parsing: text).object else {
        throw UsageError("--input is one JSON object, as '{\"size\":\"1024x1024\"}'.")
      }
      input = object
    }
    for setting in invocation.values("--set") {
      let parts = setting.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[0].isEmpty else {
        throw UsageError("--set is NAME=VALUE, as --set size=1024x1024, not \"\(setting)\".")
      }
      let text = String(parts[1])
      input[String(parts[0])] = (try? JSONValue(parsing: text)) ?? .string(text)
    }
    try addFiles(invocation, session, to: &input)
    input["prompt"] = .string(prompt(invocation.operands[0]))
    var members: [(String, JSONValue)] = [("input", .object(input))]
    if !invocation.values("--upload").isEmpty { members.append(("upload", .bool(true))) }
    for (option, member) in [("--model", "model"), ("--provider", "provider"), ("--key", "idempotency_key")] {
      if let value = invocation.value(option) { members.append((member, .string(value))) }
    }
    if let micros = invocation.value("--max-cost").flatMap({ Double($0) }).flatMap(Money.micros) {
      members.append(("max_cost", try JSONValue(parsing: Money.spelling(micros))))
    }
    let tags = invocation.values("--tag")
    if !tags.isEmpty { members.append(("tags", .array(tags.map { .string($0) }))) }
    if let path = invocation.value("--output") {
      let target = OutputTarget(session.absolute(path), isFolder: isFolder)
      members.append(("output_dir", .string(target.folder)))
      if let stem = target.stem { members.append(("output_name", .string(stem))) }
    }
    return JSONObject(members)
  }

  /// `image=fox.png` as a member, `images[]=fox.png` as one more of a list. Whoever names a file so means it to be sent,
  /// so what else begins with `@/` must not be taken for one.
  private static func addFiles(_ invocation: Invocation, _ session: Session, to input: inout JSONObject) throws {
    let files = invocation.values("--upload")
    if !files.isEmpty, let stray = FileReferences.find(in: input).first {
      throw UsageError("\(stray.member) begins with @/ and would be read as a file: name it with --upload.")
    }
    for file in files {
      let parts = file.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[0].isEmpty, parts[0] != "[]", !parts[1].isEmpty else {
        throw UsageError("--upload is NAME=FILE, as --upload image=fox.png, not \"\(file)\".")
      }
      let reference = JSONValue.string("@\(session.absolute(String(parts[1])))")
      if parts[0].hasSuffix("[]") {
        let name = String(parts[0].dropLast(2))
        input[name] = .array((input[name]?.array ?? []) + [reference])
      } else {
        input[String(parts[0])] = reference
      }
    }
  }

  private static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// `-` is what comes from standard input, without the line's end.
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

/// Where `--output` wants a picture: `fox.png` is a folder and a stem, since the ending follows the format that comes.
struct OutputTarget: Equatable {
  var folder: String
  var stem: String?

  private static let endings = ["png", "jpg", "jpeg", "webp", "gif", "avif"]

  /// - Parameter path: absolute; one that is a folder, or ends with a slash, leaves the name to the prediction.
  init(_ path: String, isFolder: (String) -> Bool) {
    if path.hasSuffix("/") || isFolder(path) {
      folder = path
      return
    }
    let slash = path.lastIndex(of: "/")!
    folder = slash == path.startIndex ? "/" : String(path[..<slash])
    var name = path[path.index(after: slash)...]
    if let dot = name.lastIndex(of: "."), dot != name.startIndex,
      Self.endings.contains(name[name.index(after: dot)...].lowercased())
    {
      name = name[..<dot]
    }
    stem = String(name)
  }
}
