public import Predictions

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif
internal import JSON
internal import Threads

/// The output of a command: results go to stdout, everything else to stderr.
public final class Console: Sendable {
  /// Whether stdout is a terminal.
  public let isOutputTerminal: Bool
  /// Whether stderr is a terminal.
  public let isErrorTerminal: Bool
  /// The first `errno` of a failed write to stdout.
  private let lost = Protected<Int32?>(nil)
  private let readerIsGone = Protected(false)
  /// The environment, in which terminals state their abilities.
  let variables: [String: String]

  /// The console of this process.
  public init(variables: [String: String]) {
    self.variables = variables
    isOutputTerminal = isatty(1) == 1
    isErrorTerminal = isatty(2) == 1
  }

  /// Colours on a terminal, except with `NO_COLOR` (no-color.org) and `TERM=dumb`.
  func styles(onTerminal isTerminal: Bool) -> Style {
    let isWanted = isTerminal && variables["NO_COLOR", default: ""].isEmpty && variables["TERM"] != "dumb"
    return Style(isOn: isWanted)
  }

  /// The width of the terminal in columns; 80 where it is not known.
  var columns: Int {
    var size = winsize()
    for descriptor in [Int32(2), 1] {
      if ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { return Int(size.ws_col) }
    }
    return variables["COLUMNS"].flatMap { Int($0) } ?? 80
  }

  /// The exit status: a command whose results could not be written to stdout has failed, and prints why.
  public func ending(_ status: ExitStatus) -> ExitStatus {
    guard let code = lost.withLock({ $0 }) else { return status }
    error(
      "Standard output could not be written: \(String(cString: strerror(code))). imagewire list shows the predictions.")
    return status == .done ? .failed : status
  }

  /// Prints a result on stdout: one or more lines.
  public func print(_ text: SafeText) { write("\(text)\n", to: 1) }

  /// Prints a result on stdout as JSON, or a part of it: a whole value, or with the punctuation around it.
  func print(json: [UInt8], end: SafeText = "\n") { write("\(SafeText(json: json))\(end)", to: 1) }

  /// Prints a message of the protocol on stdout: as it is, or indented on a terminal.
  ///
  /// - Returns: `false` if the reader of stdout has closed it.
  public func show(message: [UInt8]) -> Bool {
    let value = isOutputTerminal ? try? JSONValue(parsing: message) : nil
    let lines = value?.indented.split(separator: "\n").map { SafeText(json: Array($0.utf8)) }
    self.print(.joined(lines ?? [SafeText(json: message)], separator: "\n"))
    return !isReaderGone
  }

  /// Whether the reader of stdout has closed it, so that nothing more need be printed.
  var isReaderGone: Bool { readerIsGone.withLock { $0 } }

  /// Prints a line on stderr.
  public func note(_ text: SafeText) { write("\(text)\n", to: 2) }

  /// Prints an error or a warning on stderr, after the name of the program.
  public func error(_ text: SafeText) { write("imagewire: \(text)\n", to: 2) }

  /// Writes a part of a line to stderr.
  func draw(_ text: SafeText) { write(text, to: 2) }

  /// Shows an image in the terminal.
  func show(_ picture: [UInt8], as terminal: TerminalPicture) { write(terminal.sequence(picture), to: 2) }

  private func write(_ text: SafeText, to descriptor: Int32) { write(Array(text.description.utf8), to: descriptor) }

  private func write(_ bytes: [UInt8], to descriptor: Int32) {
    guard let code = writeAll(bytes, to: descriptor) else { return }
    guard descriptor == 1 else { return }
    // A reader that closes the pipe (`| head`) is not a failure; a full disk is.
    if code == EPIPE { readerIsGone.withLock { $0 = true } } else { lost.withLock { $0 = $0 ?? code } }
  }
}

/// Colours for a terminal, or none.
struct Style: Sendable {
  let isOn: Bool

  func bold(_ text: SafeText) -> SafeText { wrapped(text, 1) }
  func dim(_ text: SafeText) -> SafeText { wrapped(text, 2) }
  func red(_ text: SafeText) -> SafeText { wrapped(text, 31) }
  func green(_ text: SafeText) -> SafeText { wrapped(text, 32) }
  func yellow(_ text: SafeText) -> SafeText { wrapped(text, 33) }
  func cyan(_ text: SafeText) -> SafeText { wrapped(text, 36) }

  private func wrapped(_ text: SafeText, _ code: Int) -> SafeText {
    isOn ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
  }
}
