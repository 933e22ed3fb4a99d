internal import JSON
internal import Threads

/// Files that an input names: checked at acceptance, uploaded while the prediction is queued, and replaced by their
/// addresses when it is sent. The uploads come before the claim, so after a crash they are repeated at no cost.
extension PredictionEngine {
  // MARK: - At acceptance

  /// How many files a request may name: each is opened while the client waits.
  static var fileLimit: Int { 64 }

  /// Checks every file that a request names; quick, since only the first bytes are read. With `upload: true`, a string
  /// that names a file in another way is refused, because it would be sent as text, and so is an input without files.
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

  /// Uploads the files of a queued prediction one after another, on a queue that may wait for the disk.
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

  /// The inputs that may be sent and are still queued. Those of predictions that another process has taken are
  /// forgotten.
  func readyUploads(of account: String) -> [UploadedInput] {
    state.withLock { $0.uploads.ready(for: account) }.filter { uploaded in
      if let row = try? store.prediction(uploaded.id), row.phase == .queued { return true }
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

/// The upload of one prediction's files.
private struct Upload: Sendable {
  let engine: PredictionEngine
  let prediction: Prediction
  let input: JSONObject
  let service: any ProviderUploads

  /// - Parameter known: the addresses of uploaded files, by path.
  func go(on rest: ArraySlice<FileReferences.Reference>, known: [String: String]) {
    engine.uploads.assertIsCurrent()
    // Cancelled, or taken by another process: nothing more is uploaded.
    guard engine.state.withLock({ $0.scheduler.isWorking(on: prediction.id) }) else { return engine.wakeDrain() }
    guard let next = rest.first else {
      let whole = FileReferences.replacing(input) { known[$0] }
      // With a lifetime the texts are addresses; otherwise they are the files themselves.
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
      // Checked first, because a file that became shorter looks like a broken connection.
      guard file.isUnchanged else { return refuse(next, .changed) }
      switch outcome {
      case .uploaded(let address):
        guard let digest, let lifetime = service.lifetime else { return goOn(address) }
        // If the address cannot be stored, the next prediction uploads the file again.
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
      hint: "The file was an image at acceptance. Restore it, then submit again.")
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
