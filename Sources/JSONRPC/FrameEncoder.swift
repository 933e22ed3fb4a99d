/// Puts messages into frames, exactly as the strictest readers want them.
struct FrameEncoder: Sendable {
  let framing: Framing

  /// Appends one message as one frame; takes its memory, and not a copy, where it can, and leaves other memory for it.
  ///
  /// A header is `Content-Length: N` and nothing else, with CRLF. There is no line feed behind the body: vscode-jsonrpc
  /// would take it for a header line.
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
