internal import Encoding
internal import JSON
internal import Predictions
internal import Service
internal import Threads

/// Waits for a prediction with a progress bar, and prints its result.
struct ResultWaiter {
  /// The effect of Ctrl-C.
  enum Interruption {
    /// The prediction is cancelled: this command submitted it.
    case cancel
    /// Only the waiting ends.
    case stopWaiting
  }

  private let session: Session
  private let isQuiet: Bool
  private let showsJSON: Bool
  private let showsPicture: Bool
  private let timeout: Int64?

  private static let year: Int64 = 31_536_000_000
  private static let frame: Int64 = 100
  /// A longer image is shown as a thumbnail, where the terminal takes JPEG; in bytes.
  private static let longestShown: Int64 = 200_000
  /// The longest text file of which the beginning is printed, in bytes.
  private static let longestText: Int64 = 1 << 20
  /// How many characters of a text are printed.
  private static let shownText = 4_000

  init(_ invocation: Invocation, _ session: Session) {
    self.session = session
    isQuiet = invocation.has("--quiet")
    showsJSON = invocation.has("--json")
    showsPicture = invocation.has("--show")
    timeout = invocation.number("--timeout").map { Int64($0) * 1_000 }
  }

  private var console: Console { session.console }
  private var engine: PredictionEngine { session.engine }

  /// Waits, prints the result and returns the exit status.
  func follow(_ snapshot: PredictionSnapshot, onInterrupt: Interruption) -> ExitStatus {
    let prediction = snapshot.prediction
    let signals = session.signals
    do throws(StoreError) {
      try engine.wait(for: [prediction.id], atMost: timeout ?? Self.year) { outcome in
        signals.state.signal { $0.outcome = outcome.snapshots.first ?? snapshot }
      }
    } catch {
      // It was deleted, or the database cannot be read: the wait would never end.
      console.error("\(error.message)")
      signals.state.signal { $0.outcome = snapshot }
    }
    if let waiting = snapshot.waiting, !isQuiet {
      console.note("Nothing is sent before \(session.time.clock(waiting.until)): \(waiting.words).")
    }
    if !prediction.waitsFor.isEmpty, !isQuiet {
      console.note("It waits for \(SafeText.joined(prediction.waitsFor.map { "\($0)" }, separator: ", ")).")
    }
    let showsBar = console.isErrorTerminal && !isQuiet && console.variables["TERM"] != "dumb"
    let bar = showsBar ? self.bar(for: prediction) : nil
    var isCancelled = false
    while true {
      let event = signals.state.wait(atMost: bar == nil ? nil : Self.frame) { state -> Event? in
        // The end wins over a signal that arrives at the same time.
        if let outcome = state.outcome { return .ended(outcome) }
        defer { state.signal = nil }
        return state.signal.map(Event.signal)
      }
      switch event {
      case nil: draw(bar, prediction.id)
      case .ended(let end)?:
        if let bar { erase(bar) }
        return tell(end)
      case .signal(let number)?:
        if let bar { erase(bar) }
        let isInterrupt = number == 2
        guard isInterrupt, onInterrupt == .cancel else {
          console.error("Stopped waiting; the prediction goes on. imagewire result \(prediction.id) waits for it.")
          return isInterrupt ? .interrupted : .unknown
        }
        if isCancelled { continue }
        isCancelled = true
        cancel(prediction.id)
      }
    }
  }

  private enum Event: Sendable {
    case signal(Int32)
    case ended(PredictionSnapshot)
  }

  /// Cancels the prediction, which ends the wait.
  private func cancel(_ id: PredictionID) {
    engine.cancel(id, deleteRemote: false) { [console] result in
      if case .failure(let error) = result { console.error("The prediction could not be cancelled: \(error.message)") }
    }
    engine.settle()
  }

  // MARK: - Progress

  private func bar(for prediction: Prediction) -> ProgressBar {
    var query = ListQuery(limit: 50)
    query.status = .completed
    query.provider = prediction.provider
    query.model = prediction.model
    let past = (try? engine.list(query))?.predictions ?? []
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].compactMap { console.variables[$0] }.first { !$0.isEmpty } ?? ""
    return ProgressBar(
      estimate: ProgressBar.estimate(from: past), style: console.styles(onTerminal: true),
      isUnicode: locale.lowercased().split(separator: ".").last?.hasPrefix("utf") ?? false)
  }

  private func draw(_ bar: ProgressBar?, _ id: PredictionID) {
    guard let bar, let snapshot = try? engine.snapshot(id) else { return }
    let line = bar.line(
      snapshot.prediction.status, elapsed: max(0, session.time.now.wall - snapshot.prediction.createdAt),
      waiting: snapshot.waiting.map { "waiting until \(session.time.clock($0.until)): \($0.words)" },
      expectation: engine.expectation(of: id),
      width: console.columns)
    console.draw("\r\(line)\u{1B}[K")
  }

  private func erase(_ bar: ProgressBar) {
    console.draw("\r\u{1B}[K")
  }

  // MARK: - The result

  private func tell(_ snapshot: PredictionSnapshot) -> ExitStatus {
    let prediction = snapshot.prediction
    if showsJSON {
      console.print(json: snapshot.json)
    } else {
      for file in prediction.visibleFiles { console.print(SafeText(path: file.path)) }
    }
    if showsPicture { show(prediction) }
    let report = ResultReport(
      isTerminal: console.isErrorTerminal, isQuiet: isQuiet, unused: session.unused,
      style: console.styles(onTerminal: console.isErrorTerminal))
    for line in report.lines(prediction) {
      switch line {
      case .note(let text): console.note(text)
      case .error(let text): console.error(text)
      }
    }
    return ExitStatus(prediction)
  }

  private func show(_ prediction: Prediction) {
    guard console.isErrorTerminal else {
      return console.error("--show needs a terminal; see the file.")
    }
    for file in prediction.visibleFiles where [.text, .json].contains(file.kind) { quote(file, prediction) }
    let others = prediction.visibleFiles.filter { ![.image, .text, .json].contains($0.kind) }
    for file in others {
      let advice: SafeText =
        OpenCommand.mayOpen(file.mediaType) ? " imagewire open \(prediction.id)/\(file.index) opens the file." : ""
      console.error("A terminal shows no \(file.mediaType).\(advice)")
    }
    let images = prediction.visibleFiles.filter { $0.kind == .image }
    guard !images.isEmpty else { return }
    guard let picture = TerminalPicture(console.variables) else {
      return console.error(
        "This terminal is not known to show images (kitty, Ghostty, Konsole, iTerm2, WezTerm and mintty are).")
    }
    for file in images {
      if picture.takes("image/jpeg"), file.bytes > Self.longestShown, let small = thumbnail(of: file, prediction.origin)
      {
        console.show(small, as: picture)
        continue
      }
      guard picture.takes(file.mediaType) else {
        console.error("This terminal shows only PNG, and \(SafeText(path: file.path)) is \(file.mediaType).")
        continue
      }
      if let bytes = engine.contents(of: file, for: prediction.origin) { console.show(bytes, as: picture) }
    }
  }

  /// Prints the beginning of a text.
  private func quote(_ file: OutputFile, _ prediction: Prediction) {
    guard file.bytes <= Self.longestText, let bytes = engine.contents(of: file, for: prediction.origin) else { return }
    let text = SafeText(lines: String(decoding: bytes, as: UTF8.self)).description
    let start = text.unicodeScalars.prefix(Self.shownText)
    let rest = start.count < text.unicodeScalars.count ? "…" : ""
    console.note(SafeText(lines: String(start) + rest))
  }

  /// A small image in place of a large one, which would pass through the terminal as megabytes of text.
  private func thumbnail(of file: OutputFile, _ origin: PredictionOrigin?) -> [UInt8]? {
    let result: Result<Thumbnail, ThumbnailError> = answer { completion in
      session.thumbnails.thumbnail(of: file, for: origin, as: ThumbnailForm(size: 1_024), completion: completion)
    }
    return (try? result.get()).flatMap(session.thumbnails.contents)
  }
}
