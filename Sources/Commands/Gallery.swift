internal import Predictions

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// `imagewire gallery`: the table's pictures as one page, written as it is read so that no more than one picture is ever
/// in memory.
enum Gallery {
  static func run(_ invocation: Invocation, _ session: Session) -> ExitStatus {
    let console = session.console
    let path = session.absolute(invocation.value("--output") ?? "\(session.stateFolder)/gallery.html")
    let page: [Prediction]
    do throws(StoreError) {
      page = try Listing.read(ListQuery(limit: invocation.number("--limit") ?? 500), session.engine).predictions
    } catch {
      console.complain(error.message)
      return .failed
    }
    let temporary = "\(path).part"
    let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard file >= 0 else {
      console.complain("\(path) cannot be written: \(String(cString: strerror(errno))).")
      return .failed
    }
    var isWhole = write(GalleryPage.head(count: page.count), to: file)
    var left = Int64(invocation.number("--max-megabytes") ?? 100) * 1_000_000
    for prediction in page where isWhole {
      let snapshot = (try? session.engine.snapshot(prediction.id))?.prediction ?? prediction
      let pictures = snapshot.files.map { file -> GalleryPage.Picture in
        guard file.bytes <= left, let bytes = session.engine.contents(of: file) else { return .linked(file) }
        left -= file.bytes
        return .included(file, bytes)
      }
      isWhole = write(GalleryPage.entry(snapshot, pictures), to: file)
    }
    isWhole = isWhole && write(GalleryPage.foot, to: file)
    close(file)
    guard isWhole, rename(temporary, path) == 0 else {
      console.complain("\(path) could not be written: \(String(cString: strerror(errno))).")
      unlink(temporary)
      return .failed
    }
    console.answer(path)
    return .done
  }

  private static func write(_ text: String, to file: Int32) -> Bool {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { systemWrite(file, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}
