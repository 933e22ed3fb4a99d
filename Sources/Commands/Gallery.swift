internal import Predictions

/// `imagewire gallery`: the table's pictures as one page, written as it is read so that no more than one picture is ever
/// in memory.
enum Gallery {
  static func run(_ invocation: Invocation, _ session: Session) -> ExitStatus {
    let console = session.console
    let path = session.absolute(invocation.value("--output") ?? "\(session.stateFolder)/gallery.html")
    let page: [Prediction]
    do throws(StoreError) {
      page = try ListCommand.read(ListQuery(limit: invocation.number("--limit") ?? 500), session.engine).predictions
    } catch {
      console.error("\(error.message)")
      return .failed
    }
    do throws(PageFile.Refusal) {
      // The page of the state directory is ours to replace, and the owner's alone.
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
      let pictures = snapshot.files.map { file -> GalleryPage.Picture in
        guard file.bytes <= left, let bytes = session.engine.contents(of: file, for: prediction.origin) else {
          return .linked(file)
        }
        left -= file.bytes
        return .included(file, bytes)
      }
      isWhole = file.write(GalleryPage.entry(snapshot, pictures))
    }
    _ = file.write(GalleryPage.foot)
  }
}
