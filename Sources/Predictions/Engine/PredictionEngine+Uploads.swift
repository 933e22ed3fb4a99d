internal import Encoding
internal import JSON
internal import Threads

/// Files and outputs that an input names: checked at acceptance, uploaded while the prediction is queued, and replaced by
/// their addresses when it is sent. The uploads come before the claim, so after a crash they are repeated at no cost.
extension PredictionEngine {
  // MARK: - At acceptance

  /// How many files a request may name: each is opened while the client waits.
  static var fileLimit: Int { 64 }

  /// Checks every file that a request names; quick, since only the first bytes are read. With `upload: true`, a string
  /// that names a file in another way is refused, because it would be sent as text, and so is an input without files.
  ///
  /// - Parameter hasReferences: whether it names outputs of other predictions.
  /// - Throws: the first problem, as `.invalid`.
  func check(
    _ references: [FileReferences.Reference], in input: JSONObject, for provider: any Provider, hasReferences: Bool
  ) throws(SubmitError) {
    if let mistaken = FileReferences.mistaken(in: input, isFile: inputs.isFile).first {
      throw .invalid(
        path: mistaken.member,
        message: "\(mistaken.member) names a file in a way that is not uploaded: write \"@\" and its absolute path. "
          + "Nothing was sent.")
    }
    guard !references.isEmpty || hasReferences else {
      throw .invalid(
        path: "upload",
        message: "upload is true, and input names no file: write \"@\" and an absolute path. Nothing was sent.")
    }
    guard let service = provider.uploads else {
      throw .invalid(path: "upload", message: "The provider \"\(provider.name)\" accepts no files.")
    }
    guard references.count <= Self.fileLimit else {
      throw .invalid(
        path: "input",
        message: "input names \(references.count) files; \(Self.fileLimit) are allowed. Nothing was sent.")
    }
    for reference in references {
      do throws(InputError) {
        _ = try inputs.open(reference.path, atMost: service.byteLimit)
      } catch {
        throw .invalid(
          path: reference.member,
          message: sentences("\(reference.member): \(reference.path) \(error.reason)", "Nothing was sent."))
      }
    }
  }

  // MARK: - While queued

  /// Finds or makes the addresses of the files and outputs that a prediction names, one after another, on a queue that may wait
  /// for the disk.
  func upload(_ prediction: Prediction, to provider: any Provider) {
    uploads.async { [self] in
      guard let input = (try? JSONValue(parsing: prediction.input ?? []))?.object,
        let parts = InputPart.all(of: prediction, in: input)
      else {
        let failure = PredictionFailure(
          .internal, retryable: false, message: "Its input cannot be read. Nothing was sent and nothing is billed.",
          hint: "Submit it again.")
        react(.uploadFailed(prediction.id, .refused(failure, pause: nil)))
        return wakeDrain()
      }
      Upload(engine: self, prediction: prediction, input: input, parts: parts, service: provider.uploads).go(
        on: parts[...], known: [:])
    }
  }

  /// Whether files of a queued prediction are uploaded.
  func hasReadyUploads(for account: String) -> Bool { state.withLock { !$0.uploads.ready(for: account).isEmpty } }

  /// The inputs that may be sent and are still queued. Those of predictions that another process has taken are
  /// forgotten.
  func readyUploads(of account: String) -> [UploadedInput] {
    state.withLock { $0.uploads.ready(for: account) }.filter { uploaded in
      if let row = try? store.prediction(uploaded.id), row.isUnsent { return true }
      state.withLock { $0.uploads.remove(uploaded.id) }
      return false
    }
  }

  /// All files are uploaded: the prediction may be claimed now.
  fileprivate func finishUpload(of prediction: Prediction, input: [UInt8], hasAddresses: Bool) {
    let id = prediction.id
    let isWanted = state.withLock { state in
      guard state.scheduler.isWorking(on: id) else { return false }
      state.uploads.add(.init(account: prediction.account, bytes: input, hasAddresses: hasAddresses), of: id)
      return true
    }
    if isWanted { react(.uploaded(id)) }
    wakeDrain()
  }
}

/// A string of an input in whose place an address is sent.
private enum InputPart: Sendable {
  case file(FileReferences.Reference)
  case output(OutputReferences.Found)

  /// The parts of a prediction's input; `nil` where they cannot be read.
  static func all(of prediction: Prediction, in input: JSONObject) -> [InputPart]? {
    let files = prediction.uploads == .awaited ? FileReferences.find(in: input) : []
    guard prediction.references == .awaited else { return files.map { .file($0) } }
    return (try? OutputReferences.find(in: input)).map { outputs in
      files.map { .file($0) } + outputs.map { .output($0) }
    }
  }

  /// The string itself.
  var text: String {
    switch self {
    case .file(let reference): reference.text
    case .output(let found): found.reference.text
    }
  }

  /// The path of its field.
  var member: String {
    switch self {
    case .file(let reference): reference.member
    case .output(let found): found.member
    }
  }
}

/// The search for the addresses of one prediction's files and outputs.
private struct Upload: Sendable {
  let engine: PredictionEngine
  let prediction: Prediction
  let input: JSONObject
  /// The strings of the input that are replaced, each as often as it occurs.
  let parts: [InputPart]
  /// `nil` where the provider accepts no files.
  let service: (any ProviderUploads)?

  /// How many bytes may stand in place of files where they are the files themselves: they are in memory at once, more than
  /// once. One file of the greatest length fits.
  private static let inlineLimit = 96 << 20

  /// - Parameter known: the addresses that are known, by the strings that they replace.
  func go(on rest: ArraySlice<InputPart>, known: [String: String]) {
    engine.uploads.assertIsCurrent()
    // Cancelled, or taken by another process: nothing more is uploaded.
    guard engine.state.withLock({ $0.scheduler.isWorking(on: prediction.id) }) else { return engine.wakeDrain() }
    guard let next = rest.first else {
      let whole = InputStrings.replacing(input) { known[$0] }
      return engine.finishUpload(
        of: prediction, input: JSONValue.object(whole).serialized, hasAddresses: takesAddresses)
    }
    let goOn: @Sendable (String) -> Void = { address in
      engine.uploads.async {
        let known = known.merging([next.text: address]) { _, new in new }
        guard inlineBytes(known) <= Self.inlineLimit else { return refuseLength() }
        go(on: rest.dropFirst(), known: known)
      }
    }
    if known[next.text] != nil { return go(on: rest.dropFirst(), known: known) }
    do throws(InputError) {
      switch next {
      case .file(let reference):
        let file = try engine.open(reference, for: prediction.origin, atMost: service?.byteLimit ?? 0)
        var digest = takesAddresses ? reference.content?.digest : nil
        if takesAddresses, digest == nil { digest = try Self.digest(of: file) }
        try upload(file, digest: digest, as: next, goOn)
      case .output(let found): try use(found, as: next, goOn)
      }
    } catch {
      refuse(next, error)
    }
  }

  /// The length of what stands in place of files, as often as it will stand there.
  private func inlineBytes(_ known: [String: String]) -> Int {
    takesAddresses ? 0 : parts.reduce(0) { $0 + (known[$1.text]?.utf8.count ?? 0) }
  }

  private func refuseLength() {
    let failure = PredictionFailure(
      .invalidInput, retryable: false,
      message: """
        The images of the input have more than \(Self.inlineLimit / 4 * 3 / 1_000_000) MB together, which one request to this \
        provider may not have. Nothing was sent and nothing is billed.
        """, hint: "Use fewer or smaller images.")
    fail(.refused(failure, pause: nil))
  }

  /// Whether the texts of the service are addresses; otherwise they are the files themselves.
  private var takesAddresses: Bool { service?.lifetime != nil }

  /// Uses the provider's own address of an output, or else its file as it was saved.
  private func use(
    _ found: OutputReferences.Found, as part: InputPart, _ goOn: @escaping @Sendable (String) -> Void
  ) throws(InputError) {
    let reference = found.reference
    let target: Prediction?
    do throws(StoreError) {
      target = try engine.store.listed(reference.target)
    } catch {
      let failure = PredictionFailure(
        .internal, retryable: true, message: sentences(error.message, "Nothing was sent and nothing is billed."))
      return fail(.transient(failure, after: nil))
    }
    let source = target.flatMap {
      ChainPolicy.source(
        of: reference.output, in: $0, for: prediction.provider, account: prediction.account,
        takesAddresses: takesAddresses, at: engine.time.now.wall)
    }
    switch source {
    case .address(let address)?: goOn(address)
    case .file(let saved)? where service != nil:
      let file = try engine.inputs.open(saved, atMost: service?.byteLimit ?? 0)
      let digest = try Self.digest(of: file)
      guard digest.hexadecimal == saved.sha256 else { throw .notAsSaved }
      try upload(file, digest: takesAddresses ? digest : nil, as: part, goOn)
    case .file?, nil: fail(.refused(.dependency(reference, on: target), pause: nil))
    }
  }

  private static func digest(of file: any InputFile) throws(InputError) -> [UInt8] {
    guard let digest = file.digest() else { throw .unreadable(reason: "its bytes did not come") }
    return digest
  }

  /// - Parameter digest: under which its address is stored for other predictions; `nil` where it has none.
  private func upload(
    _ file: any InputFile, digest: [UInt8]?, as part: InputPart, _ goOn: @escaping @Sendable (String) -> Void
  ) throws(InputError) {
    if let digest, let address = try? engine.store.upload(of: digest, for: prediction.account) { return goOn(address) }
    guard let service else { throw .unreadable(reason: "the provider accepts no files") }
    service.upload(file) { outcome in
      // Checked first, because a file that became shorter looks like a broken connection.
      guard file.isUnchanged else { return refuse(part, .changed) }
      switch outcome {
      case .uploaded(let address):
        guard let digest, let lifetime = service.lifetime else { return goOn(address) }
        // If the address cannot be stored, the next prediction uploads the file again.
        engine.store.keepUpload(of: digest, for: prediction.account, as: address, lifetime: lifetime) { goOn(address) }
      case .transient(let failure, let after):
        fail(.transient(named(failure, part), after: after))
      case .refused(let failure, let pause):
        fail(.refused(named(failure, part), pause: pause))
      }
    }
  }

  private func refuse(_ part: InputPart, _ error: InputError) {
    switch part {
    case .file(let reference):
      let failure = PredictionFailure(
        .invalidInput, retryable: false,
        message: sentences(
          "\(reference.member): \(reference.path) \(error.reason)", "Nothing was sent and nothing is billed."),
        hint: error == .notAsNamed
          ? "Make the call again to send the file as it is now."
          : "The file was an image at acceptance. Restore it, then submit again.")
      fail(.refused(failure, pause: nil))
    case .output(let found):
      fail(.refused(.dependency(found.reference, reason: error.reason), pause: nil))
    }
  }

  private func fail(_ outcome: UploadOutcome) {
    engine.react(.uploadFailed(prediction.id, outcome))
    engine.wakeDrain()
  }

  private func named(_ failure: PredictionFailure, _ part: InputPart) -> PredictionFailure {
    var failure = failure
    failure.message = "\(part.member) could not be uploaded. \(failure.message)"
    return failure
  }
}
