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
  private let maker: any ThumbnailMaker
  private let time: any TimeSource
  private let lookups = WorkQueue()
  private let makers = WorkPool(limit: 2)
  private let hasSwept = Protected(false)

  /// - Parameters:
  ///   - directory: the state directory.
  ///   - outputs: opens the files.
  ///   - maker: decodes them.
  public init(directory: String, outputs: FileOutputStore, maker: any ThumbnailMaker, time: any TimeSource) {
    folder = ThumbnailFolder(directory: directory)
    self.outputs = outputs
    self.maker = maker
    self.time = time
  }

  /// Looks the thumbnail up, or has it made.
  public func thumbnail(
    of file: OutputFile, for origin: PredictionOrigin?, size: Int,
    completion: @escaping @Sendable (Result<Thumbnail, ThumbnailError>) -> Void
  ) {
    lookups.async { [self] in
      do throws(ThumbnailError) {
        let source = try open(file, for: origin)
        if let known = folder.thumbnail(of: file.sha256, size: size, now: time.now.wall) {
          return completion(.success(known))
        }
        makers.async { [self] in
          completion(Result { () throws(ThumbnailError) in try make(file, from: source, size: size) })
        }
      } catch {
        completion(.failure(error))
      }
    }
  }

  /// The bytes of a thumbnail.
  public func contents(of thumbnail: Thumbnail) -> [UInt8]? { folder.contents(of: thumbnail) }

  /// Opens a file of which a thumbnail can be made. The thumbnails of one that is gone are removed.
  private func open(_ file: OutputFile, for origin: PredictionOrigin?) throws(ThumbnailError) -> Descriptor {
    guard let source = outputs.open(file, for: origin) else {
      folder.discard([file.sha256])
      throw .missing(path: file.path)
    }
    guard file.kind == .image else { throw .notAnImage(file.kind) }
    guard Thumbnail.formats.contains(where: { $0.mediaType == file.mediaType }) else {
      throw .unsupported(file.mediaType)
    }
    if let width = file.width, let height = file.height, width > Thumbnail.pixelLimit / max(1, height) {
      throw .tooLarge
    }
    return source
  }

  private func make(_ file: OutputFile, from source: Descriptor, size: Int) throws(ThumbnailError) -> Thumbnail {
    // A request before this one may have been for the same.
    if let known = folder.thumbnail(of: file.sha256, size: size, now: time.now.wall) { return known }
    let mustSweep = hasSwept.withLock { hasSwept in
      defer { hasSwept = true }
      return !hasSwept
    }
    if mustSweep { folder.sweep(now: time.now.wall) }
    var isUnchanged = false
    let bytes = try maker.make(from: source.number, size: size) {
      isUnchanged = FileOutputStore.digest(source, of: file.bytes) == file.sha256
    }
    guard isUnchanged else { throw .missing(path: file.path) }
    return try folder.keep(bytes, of: file.sha256, size: size)
  }
}

extension FileOutputStore {
  /// Removes the thumbnails of files whose predictions are deleted.
  public func forget(_ files: [OutputFile]) {
    guard let privateDirectory, !files.isEmpty else { return }
    ThumbnailFolder(directory: privateDirectory).discard(Set(files.map(\.sha256)))
  }
}
