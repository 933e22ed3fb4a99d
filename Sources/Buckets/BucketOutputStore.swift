internal import Encoding
public import Predictions
internal import Threads

/// Saves outputs in a bucket. Each is first a whole and durable file on this disk, is then put into the bucket, and only then
/// recorded; the file on the disk stays as a copy, so that every reader of a path works as with outputs that are only there.
///
/// Predictions with another directory than an `s3://` address pass through to the disk's store.
public final class BucketOutputStore: OutputStore {
  private let copies: any CopyStore
  private let folder: String
  private let configured: BucketAddress?
  private let client: BucketClient
  /// Addresses that this process has checked and may write to.
  private let checked = Protected<Set<BucketAddress>>([])
  /// Of the requests, each of which waits for its answer.
  private let requests = WorkPool(limit: 4)

  /// - Parameters:
  ///   - copies: the disk's store.
  ///   - folder: where the copies are, absolute: those of `s3://bucket/prefix` in `bucket/prefix` below it.
  ///   - configured: where the user wants the outputs; only its bucket is used. `nil` for none.
  public init(copies: any CopyStore, folder: String, configured: BucketAddress?, client: BucketClient) {
    self.copies = copies
    self.folder = folder
    self.configured = configured
    self.client = client
  }

  /// The folder of the copies of a place in a bucket.
  public static func folder(of address: BucketAddress, below folder: String) -> String { "\(folder)/\(address.below)" }

  /// Whether `prepare` need not ask the server.
  public func isReady(_ directory: String) -> Bool {
    guard let address = try? address(of: directory) else { return true }
    return checked.withLock { $0.contains(address) }
  }

  /// Checks, once in a process, that the bucket is there and can be written to.
  public func prepare(_ directory: String, for origin: PredictionOrigin?) throws(OutputError) -> String {
    guard let address = try address(of: directory) else { return try copies.prepare(directory, for: origin) }
    try requireConfigured(address)
    _ = try copies.prepare(Self.folder(of: address, below: folder), for: origin)
    guard !checked.withLock({ $0.contains(address) }) else { return address.text }
    do throws(BucketFailure) {
      try client.check(address)
    } catch {
      throw .folder(path: address.text, reason: error.reason)
    }
    checked.withLock { _ = $0.insert(address) }
    return address.text
  }

  /// Begins with copies, where the directory is in a bucket.
  public func begin(_ prediction: Prediction) -> any OutputBatch {
    guard let address = try? address(of: prediction.outputDirectory) else { return copies.begin(prediction) }
    var local = prediction
    local.outputDirectory = Self.folder(of: address, below: folder)
    return BucketOutputBatch(copies.beginCopies(local), at: address, in: self)
  }

  /// The copy's.
  public func contents(of file: OutputFile, for origin: PredictionOrigin?) throws(OutputError) -> [UInt8] {
    try copies.contents(of: file, for: origin)
  }

  /// The copy's.
  public func read(_ file: OutputFile, for origin: PredictionOrigin?, _ piece: ([UInt8]) -> Void) throws(OutputError) {
    try copies.read(file, for: origin, piece)
  }

  /// Removes the copies.
  public func remove(_ files: [OutputFile], for origin: PredictionOrigin?) -> [String] {
    copies.remove(files, for: origin)
  }

  /// Removes the thumbnails.
  public func forget(_ files: [OutputFile]) { copies.forget(files) }

  /// Removes the objects that are still what was saved. One that cannot be removed counts as kept.
  public func withdraw(_ files: [OutputFile], completion: @escaping @Sendable ([String]) -> Void) {
    let remote = files.filter { $0.location != nil }
    guard !remote.isEmpty else { return completion([]) }
    requests.async { [self] in
      completion(remote.compactMap { isGone($0) ? nil : $0.location })
    }
  }

  /// Fetches copies that are not there, each under its old name.
  public func bringBack(
    _ files: [OutputFile], of prediction: Prediction, completion: @escaping @Sendable () -> Void
  ) {
    let missing = files.filter { !FileSource.isThere($0.path) }
    guard !missing.isEmpty else { return completion() }
    requests.async { [self] in
      for file in missing { try? fetch(file, of: prediction) }
      completion()
    }
  }

  private func fetch(_ file: OutputFile, of prediction: Prediction) throws {
    guard let address = address(of: file) else { return }
    try requireConfigured(address)
    var missing = prediction
    missing.files = []
    missing.outputDirectory = Self.folder(of: address, below: folder)
    let batch = copies.beginCopies(missing)
    let writer = try batch.begin(index: file.index)
    do {
      try client.fetch(file, from: address.bucket, key: address.key(of: file.name)) { try writer.write($0) }
      var hint = FormatHint(mediaType: file.mediaType, address: file.name)
      hint.saysItsEnd = true
      try writer.finish(hint)
      let placed = try batch.place()
      batch.settle(placed)
      // A copy with other bytes must not stay under the name of the saved file.
      if placed.first?.sha256 != file.sha256 || placed.first?.path != file.path {
        _ = copies.remove(placed, for: prediction.origin)
      }
    } catch {
      writer.discard()
      throw error
    }
  }

  private func address(of file: OutputFile) -> BucketAddress? {
    file.location.flatMap { BucketAddress(ofObjectAt: $0, called: file.name) }
  }

  private func isGone(_ file: OutputFile) -> Bool {
    guard let address = address(of: file), (try? requireConfigured(address)) != nil else { return false }
    return (try? client.remove(file, from: address.bucket, key: address.key(of: file.name))) ?? false
  }

  // MARK: - Addresses

  /// The place in a bucket that a directory is: as an `s3://` address, or as the folder of its copies, which agents may name.
  /// `nil` for any other directory.
  private func address(of directory: String) throws(OutputError) -> BucketAddress? {
    if BucketAddress.isMeant(by: directory) { return try BucketAddress(directory) }
    guard directory.utf8.starts(with: "\(folder)/".utf8) else { return nil }
    let rest = String(decoding: directory.utf8.dropFirst(folder.utf8.count + 1), as: UTF8.self)
    let below = rest.split(separator: "/").filter { $0 != "." }
    return try BucketAddress("s3://\(below.joined(separator: "/"))")
  }

  /// The key and the server are those of one bucket: a client or a record that names another one must not send them elsewhere.
  private func requireConfigured(_ address: BucketAddress) throws(OutputError) {
    guard address.bucket == configured?.bucket else {
      throw .folder(
        path: address.text,
        reason: configured.map { "this process writes to the bucket \($0.bucket) only, which --output-dir names" }
          ?? "no bucket is configured; --output-dir names one")
    }
  }

  /// Puts files into the bucket, in another thread.
  func deliver(
    _ files: [OutputFile], to address: BucketAddress,
    completion: @escaping @Sendable ([OutputFile], [OutputError]) -> Void
  ) {
    requests.async { [self] in
      var delivered: [OutputFile] = []
      var errors: [OutputError] = []
      for var file in files {
        let location = "\(address.text)/\(file.name)"
        do {
          try requireConfigured(address)
          try client.deliver(file, to: address)
          file.location = location
          delivered.append(file)
        } catch let error as BucketFailure {
          errors.append(.undelivered(location: location, copy: file.path, reason: error.reason, mayPass: error.mayPass))
        } catch {
          errors.append(
            .undelivered(
              location: location, copy: file.path,
              reason: "this process is not configured for its bucket (--output-dir)",
              mayPass: false))
        }
      }
      completion(delivered, errors)
    }
  }
}

/// Outputs of one prediction on their way into a bucket.
final class BucketOutputBatch: OutputBatch {
  private let copies: any OutputBatch
  private let address: BucketAddress
  private let store: BucketOutputStore

  init(_ copies: any OutputBatch, at address: BucketAddress, in store: BucketOutputStore) {
    self.copies = copies
    self.address = address
    self.store = store
  }

  func begin(index: Int) throws(OutputError) -> any OutputWriter { try copies.begin(index: index) }

  func takeUp(index: Int) -> Bool { copies.takeUp(index: index) }

  func place() throws(OutputError) -> [OutputFile] { try copies.place() }

  func deliver(_ files: [OutputFile], completion: @escaping @Sendable ([OutputFile], [OutputError]) -> Void) {
    guard !files.isEmpty else { return completion([], []) }
    store.deliver(files, to: address, completion: completion)
  }

  func settle(_ files: [OutputFile]) { copies.settle(files) }

  func abandon() { copies.abandon() }

  func placeParts() -> [PartialFile] { copies.placeParts() }
}
