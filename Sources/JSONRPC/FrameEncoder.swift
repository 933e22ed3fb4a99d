/// Puts messages into frames that strict readers accept.
struct FrameEncoder: Sendable {
  let framing: Framing

  /// Appends one message as one frame. Where it can, it swaps the arrays instead of copying.
  ///
  /// A header is only `Content-Length: N`, with CRLF. No line feed follows the body: vscode-jsonrpc would read it as a
  /// header line.
  func append(_ message: inout [UInt8], to frames: inout [UInt8]) {
    switch framing {
    case .line:
      if frames.isEmpty { swap(&frames, &message) } else { frames.append(contentsOf: message) }
      frames.append(0x0A)
    case .header:
      frames.append(contentsOf: "Content-Length: ".utf8)
      var divisor = 1
      while message.count / divisor >= 10 { divisor *= 10 }
      while divisor > 0 {
        frames.append(UInt8(ascii: "0") + UInt8(message.count / divisor % 10))
        divisor /= 10
      }
      frames.append(contentsOf: "\r\n\r\n".utf8)
      frames.append(contentsOf: message)
    }
  }
}
