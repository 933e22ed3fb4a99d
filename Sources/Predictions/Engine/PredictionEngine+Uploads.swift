internal import JSON
internal import Threads

/// Files that an input names: looked at when it is accepted, uploaded while it is queued, and in their place when it is
/// sent. All of it comes before the claim, so a crash in the middle of it costs nothing and is begun again.
extension PredictionEngine {
  // MARK: - When it is accepted

  /// One order names no more files than this: each is opened while the client waits.
  static var fileLimit: Int { 64 }

  /// Looks at every file that a request names; quick, since only the first bytes of each are read. With `upload` nothing
  /// may go out as words that was meant as a file: a string that names one in another way is refused, and so is an input
  /// that names none.
  ///
  /// - Throws: the first problem, as `.invalid`.
  func check(
    _ references: [FileReferences.Reference], in input: JSONObject, for provider: any Provider
  ) throws(SubmitError) {
    if let mistaken = FileReferences.mistaken(in: input, isFile: inputs.isFile).first {
      throw .invalid(
        path: mistaken.member,
        message: "\(mistaken.member) names a file in a way that is not uploaded: write \"@\" and its absolute path. "
          + "Nothing was sent.")
    }
    guard !references.isEmpty else {
      throw .invalid(
        path: "upload",
        message: "upload is true, and input names no file: write \"@\" and an absolute path. Nothing was sent.")
    }
    guard let service = provider.uploads else {
      throw .invalid(path: "upload", message: "The provider \"\(provider.name)\" takes no files.")
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

  // MARK: - While it is queued

  /// Uploads what a queued prediction names, one file after the other, on a queue that may wait for the disk.
  func upload(_ prediction: Prediction, to provider: any Provider) {
    uploads.async { [self] in
      guard let service = provider.uploads, let input = (try? JSONValue(parsing: prediction.input ?? []))?.object else {
        let failure = PredictionFailure(
          .internal, retryable: false, message: "Its input cannot be read. Nothing was sent and nothing is billed.",
          hint: "Submit it again.")
        react(.uploadFailed(prediction.id, .refused(failure, pause: nil)))
        return wakeDrain()
      }
      Upload(engine: self, prediction: prediction, input: input, service: service)
        .go(on: FileReferences.find(in: input)[...], known: [:])
    }
  }

  /// The inputs that may be sent and are still queued. Those of predictions that another process has taken are forgotten.
  func readyUploads(of account: String) -> [UploadedInput] {
    state.withLock { $0.uploads.ready(for: account) }.filter { uploaded in
      if let row = try? store.prediction(uploaded.id), row.phase == .queued { return true }
      state.withLock { $0.uploads.remove(uploaded.id) }
      return false
    }
  }

  /// The files are all there: from here on it may be claimed.
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

/// The files of one prediction, on their way.
private struct Upload: Sendable {
  let engine: PredictionEngine
  let prediction: Prediction
  let input: JSONObject
  let service: any ProviderUploads

  /// - Parameter known: what stands for a file, by its path.
  func go(on rest: ArraySlice<FileReferences.Reference>, known: [String: String]) {
    // Cancelled, or another process's by now: not a byte more.
    guard engine.state.withLock({ $0.scheduler.isWorking(on: prediction.id) }) else { return engine.wakeDrain() }
    guard let next = rest.first else {
      let whole = FileReferences.replacing(input) { known[$0] }
      // An address is good for other predictions too; anything else is the file itself.
      return engine.finishUpload(
        of: prediction, input: JSONValue.object(whole).serialized, hasAddresses: service.lifetime != nil)
    }
    if known[next.path] != nil { return go(on: rest.dropFirst(), known: known) }
    let file: any InputFile
    var digest: [UInt8]?
    do throws(InputError) {
      file = try engine.inputs.open(next.path, atMost: service.byteLimit)
      if service.lifetime != nil {
        digest = file.digest()
        if digest == nil { throw .unreadable(reason: "its bytes did not come") }
      }
    } catch {
      return refuse(next, error)
    }
    let goOn: @Sendable (String) -> Void = { address in
      engine.uploads.async {
        go(on: rest.dropFirst(), known: known.merging([next.path: address]) { _, new in new })
      }
    }
    if let digest, let address = try? engine.store.upload(of: digest, for: prediction.account) { return goOn(address) }
    service.upload(file) { [digest] outcome in
      // A file that became shorter looks like a broken connection.
      guard file.isUnchanged else { return refuse(next, .changed) }
      switch outcome {
      case .uploaded(let address):
        guard let digest, let lifetime = service.lifetime else { return goOn(address) }
        // That it could not be kept only means that the next one uploads it again.
        engine.store.keepUpload(of: digest, for: prediction.account, as: address, lifetime: lifetime) { goOn(address) }
      case .transient(let failure, let after):
        fail(.transient(named(failure, next), after: after))
      case .refused(let failure, let pause):
        fail(.refused(named(failure, next), pause: pause))
      }
    }
  }

  private func refuse(_ reference: FileReferences.Reference, _ error: InputError) {
    let failure = PredictionFailure(
      .invalidInput, retryable: false,
      message: sentences(
        "\(reference.member): \(reference.path) \(error.reason)", "Nothing was sent and nothing is billed."),
      hint: "It was a picture when it was accepted. Put it back, then submit again.")
    fail(.refused(failure, pause: nil))
  }

  private func fail(_ outcome: UploadOutcome) {
    engine.react(.uploadFailed(prediction.id, outcome))
    engine.wakeDrain()
  }

  private func named(_ failure: PredictionFailure, _ reference: FileReferences.Reference) -> PredictionFailure {
    var failure = failure
    failure.message = "\(reference.member) could not be uploaded. \(failure.message)"
    return failure
  }
}
