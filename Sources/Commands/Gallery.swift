internal import Encoding
internal import Predictions
internal import Threads

/// `imagewire gallery`: all files as one page. The images of a few predictions at a time are in memory.
enum Gallery {
  static func run(_ invocation: Invocation, _ session: Session) -> ExitStatus {
    let console = session.console
    let path = session.absolute(invocation.value("--output") ?? "\(session.stateFolder)/gallery.html")
    let page: [Prediction]
    do throws(StoreError) {
      page = try ListCommand.read(ListQuery(limit: invocation.number("--limit") ?? 500)) { query throws(StoreError) in
        try session.engine.list(query)
      }.predictions
    } catch {
      console.error("\(error.message)")
      return .failed
    }
    do throws(PageFile.Refusal) {
      // The page in the state directory belongs to imagewire: it is replaced, and only its owner may read it.
      let isOurs = invocation.value("--output") == nil
      let file = try PageFile(
        at: path, replacing: isOurs || invocation.has("--force") ? .anything : .pages(mark: GalleryPage.mark.text),
        mode: isOurs ? 0o600 : 0o666)
      var pictures = GalleryPictures(room: Int64(invocation.number("--max-megabytes") ?? 12) * 1_000_000)
      write(page, to: file, &pictures, session)
      try file.place()
      if let library = pictures.missing {
        let error = ThumbnailError.noDecoder(library)
        console.error(
          "\(error.message) The page has the images themselves, not thumbnails. Install \(library.package).")
      }
    } catch {
      console.error("\(error.message)")
      return .failed
    }
    console.print(SafeText(path: path))
    return .done
  }

  /// The length of the longest side of the thumbnails.
  private static let size = 320
  /// How many predictions' thumbnails are in memory.
  private static let atOnce = 32

  private static func write(
    _ page: [Prediction], to file: PageFile, _ pictures: inout GalleryPictures, _ session: Session
  ) {
    let engine = session.engine
    var isWhole = file.write(GalleryPage.head(GalleryPage.Totals(page)))
    var start = 0
    while isWhole, start < page.count {
      let batch = page[start..<min(start + atOnce, page.count)].map { prediction in
        (try? engine.snapshot(prediction.id))?.prediction ?? prediction
      }
      start += batch.count
      let thumbnails = thumbnails(of: batch, session.thumbnails)
      for (prediction, thumbnails) in zip(batch, thumbnails) where isWhole {
        let shown = zip(prediction.visibleFiles, thumbnails).map { file, thumbnail in
          pictures.picture(of: file, thumbnail, bytesOfThumbnail: session.thumbnails.contents) {
            engine.contents(of: $0, for: prediction.origin)
          }
        }
        isWhole = file.write(GalleryPage.entry(prediction, shown))
      }
    }
    _ = file.write(GalleryPage.foot)
  }

  /// The thumbnails of all files of predictions, which are made side by side.
  private static func thumbnails(
    of predictions: [Prediction], _ store: any ThumbnailStore
  ) -> [[Result<Thumbnail, ThumbnailError>?]] {
    struct State: Sendable {
      var results: [[Result<Thumbnail, ThumbnailError>?]]
      var left: Int
    }
    let results = predictions.map { $0.visibleFiles.map { _ in nil as Result<Thumbnail, ThumbnailError>? } }
    let state = Protected(State(results: results, left: results.reduce(0) { $0 + $1.count }))
    for (place, prediction) in predictions.enumerated() {
      for (index, file) in prediction.visibleFiles.enumerated() {
        store.thumbnail(of: file, for: prediction.origin, as: ThumbnailForm(size: size)) { result in
          state.signal { state in
            state.results[place][index] = result
            state.left -= 1
          }
        }
      }
    }
    return state.wait { $0.left == 0 ? $0.results : nil }!
  }
}

/// Decides how each file stands on the page: as a thumbnail, as the file itself, as the beginning of a text, or as a link.
struct GalleryPictures {
  /// How many bytes of images the page may still include.
  private(set) var room: Int64
  /// A library without which some images have no thumbnails.
  private(set) var missing: PictureLibrary?

  /// The longest text file that is read, in bytes.
  private static let textFileLimit: Int64 = 256 << 10
  /// How many characters of a text stand on the page.
  private static let textLimit = 600

  /// - Parameter room: how many bytes of images the page may include, as they stand in it.
  init(room: Int64) {
    self.room = room
  }

  /// The picture of a file.
  ///
  /// - Parameters:
  ///   - thumbnail: of the file; `nil` where none was asked for.
  ///   - bytesOfThumbnail: reads a thumbnail; `nil` where it was removed.
  ///   - contents: reads a file; `nil` where it was changed after it was saved.
  mutating func picture(
    of file: OutputFile, _ thumbnail: Result<Thumbnail, ThumbnailError>?,
    bytesOfThumbnail: (Thumbnail) -> [UInt8]?, contents: (OutputFile) -> [UInt8]?
  ) -> GalleryPage.Picture {
    switch thumbnail {
    case .success(let thumbnail)?:
      guard fits(thumbnail.bytes), let bytes = bytesOfThumbnail(thumbnail) else {
        return GalleryPage.Picture(file, .linked(thumbnail.url))
      }
      return include(bytes, thumbnail.mediaType, of: file)
    case .failure(.noDecoder(let library))?: missing = missing ?? library
    case .failure?, nil: break
    }
    if [.text, .json].contains(file.kind), file.bytes <= Self.textFileLimit, let bytes = contents(file) {
      let text = SafeText(lines: String(decoding: bytes, as: UTF8.self)).description
      let shown = String(text.unicodeScalars.prefix(Self.textLimit))
      room -= Int64(shown.utf8.count)
      return GalleryPage.Picture(file, .words(shown.utf8.count < text.utf8.count ? shown + "…" : shown))
    }
    // SVG, a format without thumbnails, or no decoder.
    guard [.image, .vector].contains(file.kind), fits(file.bytes), let bytes = contents(file) else {
      return GalleryPage.Picture(file, .linked(file.url))
    }
    return include(bytes, file.mediaType, of: file)
  }

  private func fits(_ bytes: Int64) -> Bool { bytes <= room / 4 * 3 }

  private mutating func include(_ bytes: [UInt8], _ mediaType: String, of file: OutputFile) -> GalleryPage.Picture {
    // As Base64.
    room -= Int64(bytes.count + 2) / 3 * 4
    return GalleryPage.Picture(file, .included(mediaType: mediaType, bytes))
  }
}
