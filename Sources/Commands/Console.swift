public import Predictions

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif
internal import Threads

/// The person's side of a command: what is asked for goes to stdout, everything else to stderr.
public final class Console: Sendable {
  /// Whether somebody looks at stdout.
  public let isOutputTerminal: Bool
  /// Whether somebody looks at stderr.
  public let isErrorTerminal: Bool
  /// Why something that was asked for could not be written to stdout; its first `errno`.
  private let lost = Protected<Int32?>(nil)
  /// Variables of the process, by which a terminal says what it can.
  let variables: [String: String]

  /// The process's own.
  public init(variables: [String: String]) {
    self.variables = variables
    isOutputTerminal = isatty(1) == 1
    isErrorTerminal = isatty(2) == 1
  }

  /// Whether colours are wanted: only on a terminal, and never with `NO_COLOR` (no-color.org).
  func styles(onTerminal isTerminal: Bool) -> Style {
    let isWanted = isTerminal && variables["NO_COLOR", default: ""].isEmpty && variables["TERM"] != "dumb"
    return Style(isOn: isWanted)
  }

  /// How many columns a terminal has; 80 where nobody knows.
  var columns: Int {
    var size = winsize()
    for descriptor in [Int32(2), 1] {
      if ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { return Int(size.ws_col) }
    }
    return variables["COLUMNS"].flatMap { Int($0) } ?? 80
  }

  /// The status to end with: a command whose answer did not reach stdout has not succeeded, and says so.
  public func ending(_ status: ExitStatus) -> ExitStatus {
    guard let code = lost.withLock({ $0 }) else { return status }
    error(
      "Standard output could not be written: \(String(cString: strerror(code))). What was made is in imagewire list.")
    return status == .done ? .failed : status
  }

  /// What was asked for: a line, or several.
  public func print(_ text: SafeText) { write("\(text)\n", to: 1) }

  /// What was asked for, as JSON.
  func print(json: [UInt8]) { self.print(SafeText(json: json)) }

  /// A remark: one line.
  public func note(_ text: SafeText) { write("\(text)\n", to: 2) }

  /// A remark that begins with the program's name: something is wrong.
  public func error(_ text: SafeText) { write("imagewire: \(text)\n", to: 2) }

  /// A part of a line on the terminal behind stderr.
  func draw(_ text: SafeText) { write(text, to: 2) }

  /// A picture on the terminal behind stderr.
  func show(_ picture: [UInt8], as terminal: TerminalPicture) { write(terminal.sequence(picture), to: 2) }

  private func write(_ text: SafeText, to descriptor: Int32) { write(Array(text.description.utf8), to: descriptor) }

  private func write(_ bytes: [UInt8], to descriptor: Int32) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { systemWrite(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      if count <= 0 {
        // A reader that has seen enough (`| head`) is no failure; a full disk is one.
        let code = errno
        if descriptor == 1, code != EPIPE { lost.withLock { $0 = $0 ?? code } }
        return
      }
      rest = rest.dropFirst(count)
    }
  }
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}

/// Colours, or none of them.
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
