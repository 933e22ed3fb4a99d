#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

public import Predictions

/// Questions on stderr, answered on stdin.
extension Console {
  /// Whether stdin is a terminal.
  public var isInputTerminal: Bool { isatty(0) == 1 }

  /// Asks for one line. Returns it without surrounding white space; `nil` at the end of input.
  public func ask(_ question: SafeText) -> String? {
    draw("\(question) ")
    return line()
  }

  /// Asks for yes or no. Any other answer and the end of input mean no.
  public func confirms(_ question: SafeText) -> Bool {
    guard let answer = ask("\(question) [y/N]") else { return false }
    return ["y", "yes"].contains(answer.lowercased())
  }

  /// Asks for a secret without showing it; `nil` at the end of input and after Ctrl-C. Signal keys are read as characters
  /// meanwhile, so that the settings of the terminal are always restored.
  public func askHidden(_ question: SafeText) -> String? {
    var usual = termios()
    guard tcgetattr(0, &usual) == 0 else { return ask(question) }
    var hidden = usual
    hidden.c_lflag &= ~tcflag_t(ECHO | ICANON | ISIG)
    // Before the question, so that text typed at once is neither shown nor discarded.
    tcsetattr(0, TCSAFLUSH, &hidden)
    draw("\(question) ")
    defer {
      tcsetattr(0, TCSAFLUSH, &usual)
      draw("\n")
    }
    var bytes: [UInt8] = []
    while let byte = byte() {
      switch byte {
      case UInt8(ascii: "\n"), UInt8(ascii: "\r"): return String(decoding: bytes, as: UTF8.self)
      case 0x03, 0x04: return nil
      case 0x08, 0x7F: _ = bytes.popLast()
      case 0x15: bytes = []
      default: if bytes.count < 4_096 { bytes.append(byte) }
      }
    }
    return nil
  }

  private func line() -> String? {
    var bytes: [UInt8] = []
    while let byte = byte() {
      if byte == UInt8(ascii: "\n") { return String(decoding: bytes, as: UTF8.self).trimmed }
      if bytes.count < 4_096 { bytes.append(byte) }
    }
    return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self).trimmed
  }

  private func byte() -> UInt8? {
    var byte: UInt8 = 0
    while true {
      let count = read(0, &byte, 1)
      if count < 0, errno == EINTR { continue }
      return count == 1 ? byte : nil
    }
  }
}

extension String {
  /// Without white space and control characters at both ends.
  fileprivate var trimmed: String {
    var rest = self[...]
    while let last = rest.unicodeScalars.last, last.value <= 0x20 { rest.unicodeScalars.removeLast() }
    while let first = rest.unicodeScalars.first, first.value <= 0x20 { rest.unicodeScalars.removeFirst() }
    return String(rest)
  }
}
