import JSONRPC

/// Whatever the bytes and however they are cut: the same frames, inside the bytes that are there, and no more memory than
/// one message and one chunk.
///
/// The first byte says how the rest is cut and which framing is given.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  guard count > 0 else { return 0 }
  let framing: Framing? = [nil, .line, .header, nil][Int(start[0] & 3)]
  let size = Int(start[0] >> 2) + 1
  let bytes = Array(UnsafeBufferPointer(start: start + 1, count: count - 1))
  let whole = frames(bytes, framing, cutEvery: max(1, bytes.count))
  precondition(frames(bytes, framing, cutEvery: size) == whole, "a cut changes what is found")
  precondition(frames(bytes, framing, cutEvery: 1) == whole, "a byte at a time changes what is found")
  return 0
}

private let limit = 64

private enum Found: Equatable {
  case message([UInt8])
  case fault(FrameFault)
}

private func frames(_ bytes: [UInt8], _ framing: Framing?, cutEvery size: Int) -> [Found] {
  var decoder = FrameDecoder(framing: framing, limit: limit)
  var found: [Found] = []
  func drain() {
    while let frame = decoder.next() {
      switch frame {
      case .message(let range):
        precondition(range.count <= limit && range.upperBound <= decoder.bytes.count, "a message over the limit")
        found.append(.message(Array(decoder.bytes[range])))
      case .fault(let fault): found.append(.fault(fault))
      }
    }
  }
  for start in stride(from: 0, to: bytes.count, by: size) {
    decoder.append(bytes.span.extracting(start..<min(start + size, bytes.count)))
    drain()
    // A header line may have 8 KiB; twice that is kept before it moves to the front.
    precondition(decoder.bytes.count <= 2 * (8_192 + limit + size) + 2, "more is kept than one message")
  }
  decoder.finish()
  drain()
  precondition(decoder.next() == nil, "a frame after the end")
  return found
}
