import JSONRPC
import Testing

/// An expected frame: the text of a message, or a fault.
enum Expected: Equatable, CustomStringConvertible {
  case message(String)
  case fault(FrameFault)

  var description: String {
    switch self {
    case .message(let text): text.debugDescription
    case .fault(let fault): "\(fault)"
    }
  }
}

struct Stream: CustomTestStringConvertible, Sendable {
  let testDescription: String
  let bytes: [UInt8]
  let framing: Framing?
  let expected: [Expected]

  init(_ name: String, _ text: String, framing: Framing? = nil, _ expected: [Expected]) {
    self.init(name, bytes: Array(text.utf8), framing: framing, expected)
  }

  init(_ name: String, bytes: [UInt8], framing: Framing? = nil, _ expected: [Expected]) {
    testDescription = name
    self.bytes = bytes
    self.framing = framing
    self.expected = expected
  }
}

extension Expected: Sendable {}

/// The longest message in these streams.
let limit = 40

private let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
private let long = String(repeating: "x", count: limit + 1)
private let full = String(repeating: "x", count: limit)
private let veryLong = String(repeating: "y", count: 600)

let streams: [Stream] =
  [
    Stream("nothing", "", []),
    Stream("only white space", " \r\n\t\n", []),
    Stream("lines", "{1}\n{2}\n", [.message("{1}"), .message("{2}")]),
    Stream("CRLF", "{1}\r\n{2}\r\n", [.message("{1}"), .message("{2}")]),
    Stream("a last line without LF", "{1}\n{2}", [.message("{1}"), .message("{2}")]),
    Stream("a last line without LF, only CR", "{1}\n{2}\r", [.message("{1}"), .message("{2}")]),
    Stream("blank lines", "\n{1}\n\r\n  \t\n\n{2}\n \n", [.message("{1}"), .message("{2}")]),
    Stream("byte order mark", bytes: mark + Array("{1}\n{2}\n".utf8), [.message("{1}"), .message("{2}")]),
    Stream("byte order mark and white space", bytes: mark + Array(" \r\n {1}\n".utf8), [.message("{1}")]),
    Stream(
      "a second byte order mark is not white space", bytes: mark + Array("{1}\n".utf8) + mark + Array("{2}\n".utf8),
      [.message("{1}"), .message("\u{FEFF}{2}")]),
    Stream("half a byte order mark", bytes: [0xEF, 0xBB], [.message(String(decoding: [0xEF, 0xBB], as: UTF8.self))]),
    Stream("no letter is a line", "?\n", [.message("?")]),
    Stream("a line of just the limit", full + "\n{}\n", framing: .line, [.message(full), .message("{}")]),
    Stream(
      "a line of just the limit, CRLF", full + "\r\n{}\r\n", framing: .line, [.message(full), .message("{}")]),
    Stream("a line over the limit", "{}\n" + long + "\n{}\n", [.message("{}"), .fault(.tooLong), .message("{}")]),
    Stream(
      "a line far over the limit", "{}\n" + veryLong + "\n{}\n", [.message("{}"), .fault(.tooLong), .message("{}")]),
    Stream(
      "a blank line over the limit", "{}\n" + String(repeating: " ", count: 600) + "\n{}\n",
      [.message("{}"), .fault(.tooLong), .message("{}")]),
    Stream("a last line over the limit", "{}\n" + long, [.message("{}"), .fault(.tooLong)]),
    Stream(
      "letters where lines are said", "abc\nContent-Length: 3\n", framing: .line,
      [.message("abc"), .message("Content-Length: 3")]),

    Stream("header", "Content-Length: 3\r\n\r\n{1}Content-Length: 4\r\n\r\n{22}", [.message("{1}"), .message("{22}")]),
    Stream("header, lower case, spaces", "content-length :\t 3 \r\n\r\n{1}", [.message("{1}")]),
    Stream("header, LF only", "Content-Length: 3\n\n{1}CONTENT-LENGTH:3\n\n{2}", [.message("{1}"), .message("{2}")]),
    Stream(
      "header among others",
      "Content-Type: application/vim-jsonrpc; charset=utf-8\r\nContent-Length: 3\r\nX-Content-Length: 9\r\n\r\n{1}",
      [.message("{1}")]),
    Stream("header, twice the same", "Content-Length: 3\r\nContent-Length: 03\r\n\r\n{1}", [.message("{1}")]),
    Stream(
      "line feeds between messages", "\r\n\nContent-Length: 3\r\n\r\n{1}\r\n\nContent-Length: 3\r\n\r\n{2}\n",
      framing: .header, [.message("{1}"), .message("{2}")]),
    Stream(
      "line feeds inside a body", "Content-Length: 5\r\n\r\n{\n\r\n}Content-Length: 2\r\n\r\n{}",
      [.message("{\n\r\n}"), .message("{}")]),
    Stream(
      "bytes are counted, not characters", "Content-Length: 4\r\n\r\n\"é\"Content-Length: 2\r\n\r\n{}",
      [.message("\"é\""), .message("{}")]),
    Stream(
      "byte order mark before a header", bytes: mark + Array("Content-Length: 2\r\n\r\n{}".utf8), [.message("{}")]),
    Stream("empty body", "Content-Length: 0\r\n\r\nContent-Length: 2\r\n\r\n{}", [.message(""), .message("{}")]),
    Stream(
      "body of just the limit", "Content-Length: \(limit)\r\n\r\n\(full)Content-Length: 2\r\n\r\n{}",
      [.message(full), .message("{}")]),
    Stream(
      "body over the limit", "Content-Length: \(limit + 1)\r\n\r\n\(long)Content-Length: 2\r\n\r\n{}",
      [.fault(.tooLong), .message("{}")]),
    Stream(
      "body over the limit that ends early", "Content-Length: 2\r\n\r\n{}Content-Length: 999\r\n\r\n\(long)",
      [.message("{}"), .fault(.tooLong)]),
  ]
  + [
    ("negative", "-3"), ("no number", "abc"), ("empty", ""), ("two numbers", "3 3"), ("a fraction", "3.0"),
    ("signed", "+3"), ("Int.max + 1", "9223372036854775808"), ("overflowing", "99999999999999999999999999"),
    ("huge", "9223372036854775807"),
  ].flatMap { name, value in
    [
      Stream(
        "\(name) length, body without LF",
        "Content-Length: \(value)\r\n\r\n{\"Content-Length: 1\":0}Content-Length: 3\r\n\r\n{2}",
        [.fault(.badLength), .message("{2}")]),
      Stream(
        "\(name) length, body with LF", "Content-Length: \(value)\n\n{1}\ncontent-length: 3\n\n{2}",
        [.fault(.badLength), .message("{2}")]),
    ]
  } + [
    Stream(
      "no length", "Content-Type: x\r\n\r\n{1}Content-Length: 3\r\n\r\n{2}", [.fault(.badLength), .message("{2}")]),
    Stream(
      "no length after a good one", "Content-Length: 2\r\n\r\n{}X: y\r\n\r\n\(veryLong)Content-Length: 3\r\n\r\n{2}",
      [.message("{}"), .fault(.badLength), .message("{2}")]),
    Stream(
      "contradicting lengths", "Content-Length: 3\r\nContent-Length: 4\r\n\r\n{1}Content-Length: 3\r\n\r\n{2}",
      [.fault(.badLength), .message("{2}")]),
    Stream(
      "two faults", "Content-Length: x\r\n\r\n{1}\r\nContent-Length: y\r\n\r\n{1}Content-Length: 3\r\n\r\n{2}",
      [.fault(.badLength), .fault(.badLength), .message("{2}")]),
    Stream(
      "a header line without end",
      "Content-Length: " + String(repeating: " ", count: 9_000) + "3\r\n\r\nContent-Length: 3\r\n\r\n{2}",
      [.fault(.badLength), .message("{2}")]),
    Stream(
      "a body cut off", "Content-Length: 3\r\n\r\n{1}Content-Length: 3\r\n\r\n{2",
      [.message("{1}"), .fault(.truncated)]),
    Stream("a header cut off", "Content-Length: 3\r\n\r\n{1}Content-Len", [.message("{1}"), .fault(.truncated)]),
    Stream("a header cut off before its blank line", "Content-Length: 3\r\n", [.fault(.truncated)]),
    Stream("the end while searching", "Content-Length: x\r\n\r\n{1}Content-Length: 3", [.fault(.badLength)]),
  ]

private func frames(_ stream: Stream, cutAt cuts: [Int]) -> [Expected] {
  var decoder = FrameDecoder(framing: stream.framing, limit: limit)
  var found: [Expected] = []
  func drain() {
    while let frame = decoder.next() {
      switch frame {
      case .message(let range): found.append(.message(String(decoding: decoder.bytes[range], as: UTF8.self)))
      case .fault(let fault): found.append(.fault(fault))
      }
    }
  }
  var start = 0
  for cut in cuts + [stream.bytes.count] {
    decoder.append(Array(stream.bytes[start..<cut]).span)
    drain()
    start = cut
  }
  decoder.finish()
  drain()
  return found
}

@Suite struct FrameDecoderTests {
  @Test(arguments: streams) private func whole(_ stream: Stream) {
    #expect(frames(stream, cutAt: []) == stream.expected)
  }

  @Test(arguments: streams) private func aByteAtATime(_ stream: Stream) {
    #expect(frames(stream, cutAt: Array(stream.bytes.indices)) == stream.expected)
  }

  @Test(arguments: streams) private func everySplitInTwo(_ stream: Stream) {
    for cut in stream.bytes.indices {
      let found = frames(stream, cutAt: [cut])
      guard found != stream.expected else { continue }
      Issue.record("cut at \(cut): \(found) instead of \(stream.expected)")
    }
  }

  @Test func theFirstByteDecidesAndNothingElse() {
    var decoder = FrameDecoder()
    #expect(decoder.framing == nil)
    decoder.append([0xEF].span)
    #expect(decoder.next() == nil && decoder.framing == nil)
    decoder.append([0xBB, 0xBF, 0x0A].span)
    #expect(decoder.next() == nil && decoder.framing == nil)
    decoder.append([UInt8(ascii: "c")].span)
    #expect(decoder.next() == nil && decoder.framing == .header)
  }

  /// A search that restarted at each chunk would read a terabyte here.
  @Test(.timeLimit(.minutes(1))) func aLongLineInSmallPiecesTakesLinearTime() {
    var decoder = FrameDecoder()
    let piece = [UInt8](repeating: UInt8(ascii: "["), count: 32)
    var early = 0
    for _ in 0..<262_144 {
      decoder.append(piece.span)
      if decoder.next() != nil { early += 1 }
    }
    decoder.append([0x0A].span)
    #expect(early == 0)
    #expect(decoder.next() == .message(0..<8_388_608))
  }

  /// Moving the rest to the front at each chunk would move a terabyte here.
  @Test(.timeLimit(.minutes(1))) func manyShortLinesBehindEachOtherTakeLinearTime() {
    var decoder = FrameDecoder()
    let backlog = Array(repeatElement([UInt8(ascii: "1"), 0x0A], count: 2_097_152).joined())
    decoder.append(backlog.span)
    var found = 0
    for _ in 0..<200_000 {
      decoder.append([UInt8(ascii: "2"), 0x0A].span)
      if decoder.next() != nil { found += 1 }
    }
    #expect(found == 200_000)
  }

  @Test func aMessageOverTheLimitIsNotHeldInMemory() {
    for start in ["{", "Content-Length: 100000000\r\n\r\n"] {
      var decoder = FrameDecoder(limit: 1_000)
      decoder.append(Array(start.utf8).span)
      let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 65_536)
      var faults: [Frame] = []
      for _ in 0..<100 {
        decoder.append(piece.span)
        while let frame = decoder.next() { faults.append(frame) }
        #expect(decoder.bytes.count <= 2 * 65_536)
      }
      #expect(faults == [.fault(.tooLong)])
    }
  }
}
