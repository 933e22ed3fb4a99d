internal import Encoding
public import Predictions
internal import Threads

/// Keeps thumbnails in the state directory, and has missing ones made from the files of predictions.
///
/// Thumbnails that are there are looked up on one thread; new ones are made on two others, so that a large image delays no
/// other thumbnail for long, and at most two processes decode.
public final class FileThumbnailStore: ThumbnailStore {
  private let folder: ThumbnailFolder
  private let outputs: FileOutputStore
  private let inputs: FileInputStore
  private let maker: any ThumbnailMaker
  private let time: any TimeSource
  private let lookups = WorkQueue()
  private let makers = WorkPool(limit: 2)
  private let sweeps = Protected(SweepSchedule())

  /// - Parameters:
  ///   - directory: the state directory.
  ///   - outputs: opens the files.
  ///   - inputs: opens images that agents name.
  ///   - maker: decodes them.
  public init(
    directory: String, outputs: FileOutputStore, inputs: FileInputStore = FileInputStore(), maker: any ThumbnailMaker,
    time: any TimeSource
  ) {
    folder = ThumbnailFolder(directory: directory)
    self.outputs = outputs
    self.inputs = inputs
    self.maker = maker
    self.time = time
  }

  /// Looks the thumbnail up, or has it made.
  public func thumbnail(
    of file: OutputFile, for origin: PredictionOrigin?, as form: ThumbnailForm,
    completion: @escaping @Sendable (Result<Thumbnail, ThumbnailError>) -> Void
  ) {
    lookups.async { [self] in
      do throws(ThumbnailError) {
        // Closed at once: thousands may wait for the makers, and each would hold a descriptor.
        _ = try open(file, for: origin)
        if let known = folder.thumbnail(of: file.sha256, as: form, now: time.now.wall) {
          return completion(.success(known))
        }
        makers.async { [self] in
          completion(Result { () throws(ThumbnailError) in try make(file, for: origin, as: form) })
        }
      } catch {
        completion(.failure(error))
      }
    }
  }

  /// Hashes the image, and looks its thumbnail up or has it made.
  public func thumbnail(
    ofInput path: String, as form: ThumbnailForm,
    completion: @escaping @Sendable (Result<Thumbnail, ThumbnailError>) -> Void
  ) {
    makers.async { [self] in
      completion(Result { () throws(ThumbnailError) in try make(ofInput: path, as: form) })
    }
  }

  private func make(ofInput path: String, as form: ThumbnailForm) throws(ThumbnailError) -> Thumbnail {
    let image: OpenInput
    do throws(InputError) {
      image = try inputs.imageForAgent(path, isNew: true, atMost: Thumbnail.inputLimit).image
    } catch {
      throw .input(path: path, error)
    }
    guard Thumbnail.mediaTypes.contains(image.mediaType) else { throw .unsupported(image.mediaType) }
    if let header = FileSystem.read(image.file, from: 0, atMost: 1 << 20).flatMap({ ImageHeader($0) }),
      let width = header.width, let height = header.height, width > Thumbnail.pixelLimit / max(1, height)
    {
      throw .tooLarge
    }
    guard let digest = FileOutputStore.digest(image.file, of: image.bytes) else {
      throw .failed(reason: "the file cannot be read")
    }
    return try make(from: image.file, bytes: image.bytes, sha256: digest, as: form) { .input(path: path, .notAsNamed) }
  }

  /// The bytes of a thumbnail.
  public func contents(of thumbnail: Thumbnail) -> [UInt8]? { folder.contents(of: thumbnail) }

  /// Opens a file of which a thumbnail can be made. The thumbnails of one that is gone are removed.
  private func open(_ file: OutputFile, for origin: PredictionOrigin?) throws(ThumbnailError) -> Descriptor {
    let source: Descriptor
    do throws(SystemError) {
      source = try outputs.open(file, for: origin)
    } catch {
      guard error.provesChange else { throw .failed(reason: "the file cannot be opened: \(error.reason)") }
      throw missing(file)
    }
    guard file.kind == .image else { throw .notAnImage(file.kind) }
    guard Thumbnail.mediaTypes.contains(file.mediaType) else { throw .unsupported(file.mediaType) }
    if let width = file.width, let height = file.height, width > Thumbnail.pixelLimit / max(1, height) {
      throw .tooLarge
    }
    return source
  }

  private func missing(_ file: OutputFile) -> ThumbnailError {
    folder.discard([file.sha256])
    return .missing(path: file.path)
  }

  private func make(
    _ file: OutputFile, for origin: PredictionOrigin?, as form: ThumbnailForm
  ) throws(ThumbnailError) -> Thumbnail {
    let source = try open(file, for: origin)
    return try make(from: source, bytes: file.bytes, sha256: file.sha256, as: form) { missing(file) }
  }

  /// - Parameter changed: the error where the file does not have this hash.
  private func make(
    from source: Descriptor, bytes length: Int64, sha256: String, as form: ThumbnailForm,
    changed: () -> ThumbnailError
  ) throws(ThumbnailError) -> Thumbnail {
    let now = time.now
    // A request before this one may have been for the same.
    if let known = folder.thumbnail(of: sha256, as: form, now: now.wall) { return known }
    if sweeps.withLock({ $0.begin(now: now.steady) }) { folder.sweep(now: now.wall) }
    var digest: String?
    let made = Result { () throws(ThumbnailError) in
      try maker.make(from: source.number, as: form) { digest = FileOutputStore.digest(source, of: length) }
    }
    // What a decoder says of other bytes is not said of this file.
    if let digest, digest != sha256 { throw changed() }
    let bytes = try made.get()
    guard digest != nil else { throw .failed(reason: "the file cannot be read") }
    let thumbnail = try folder.keep(bytes, of: sha256, as: form)
    sweeps.withLock { $0.keep(bytes: thumbnail.bytes) }
    return thumbnail
  }
}

/// When a process removes thumbnails: before its first new one, then once a day, or earlier where it has stored many bytes.
struct SweepSchedule {
  /// Milliseconds from one sweep to the next.
  static let interval: Int64 = 86_400_000
  /// Bytes of new thumbnails after which the next sweep comes early.
  static let bytesBetween: Int64 = 64 << 20

  private var last: Int64?
  private var bytes: Int64 = 0

  /// Whether a sweep is due; the caller then sweeps.
  ///
  /// - Parameter now: of the steady clock, in milliseconds.
  mutating func begin(now: Int64) -> Bool {
    if let last, now - last < Self.interval, bytes < Self.bytesBetween { return false }
    (last, bytes) = (now, 0)
    return true
  }

  /// Counts a new thumbnail.
  mutating func keep(bytes: Int64) { self.bytes += bytes }
}

extension FileOutputStore {
  /// Removes the thumbnails of files whose predictions are deleted.
  public func forget(_ files: [OutputFile]) {
    guard let privateDirectory, !files.isEmpty else { return }
    ThumbnailFolder(directory: privateDirectory).discard(Set(files.map(\.sha256)))
  }
}
