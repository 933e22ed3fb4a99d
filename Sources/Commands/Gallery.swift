internal import Encoding
internal import Predictions

/// `imagewire gallery`: all images as one page. One image at a time is in memory.
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
      write(page, to: file, pictureBytes: Int64(invocation.number("--max-megabytes") ?? 100) * 1_000_000, session)
      try file.place()
    } catch {
      console.error("\(error.message)")
      return .failed
    }
    console.print(SafeText(path: path))
    return .done
  }

  private static func write(
    _ page: [Prediction], to file: PageFile, pictureBytes limit: Int64, _ session: Session
  ) {
    var isWhole = file.write(GalleryPage.head(count: page.count))
    var left = limit
    for prediction in page where isWhole {
      let snapshot = (try? session.engine.snapshot(prediction.id))?.prediction ?? prediction
      let pictures = pictures(snapshot.files, left: &left) {
        session.engine.contents(of: $0, for: prediction.origin)
      }
      isWhole = file.write(GalleryPage.entry(snapshot, pictures))
    }
    _ = file.write(GalleryPage.foot)
  }

  /// Includes the images that fit and can be read, and links the other files.
  ///
  /// - Parameters:
  ///   - left: how many bytes of images the page may still include; reduced by what is included.
  ///   - contents: reads a file; `nil` where it was changed after it was saved.
  static func pictures(
    _ files: [OutputFile], left: inout Int64, contents: (OutputFile) -> [UInt8]?
  ) -> [GalleryPage.Picture] {
    files.map { file in
      guard [.image, .vector].contains(file.kind), file.bytes <= left, let bytes = contents(file) else {
        return .linked(file)
      }
      left -= file.bytes
      return .included(file, bytes)
    }
  }
}
