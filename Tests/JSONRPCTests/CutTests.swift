import JSONRPC
import Testing

/// However a stream is cut, the whole connection answers the same bytes in the same order.
@Suite struct CutTests {
  private static let specification = examples.map(\.sent)
  private static let oddities = [
    #"{"jsonrpc":"2.0","id":9007199254740993,"method":"echo","params":["é","\ud83d\ude00"]}"#,
    #"{"jsonrpc":"2.0","id":"\u00e9","method":"echo"}"#, #"{"jsonrpc":"2.0","id":null,"method":"echo"}"#, "{}", "[[]]",
    "\u{FEFF}{}", #"{"id":1,"result":{}}"#, String(repeating: "[", count: 600),
  ]

  private static func stream(_ framing: Framing) -> [UInt8] {
    [0xEF, 0xBB, 0xBF] + Array("\r\n \n".utf8) + (specification + oddities).flatMap { framed($0, framing) }
  }

  private func answers(_ bytes: [UInt8], cutAt cuts: [Int], framing: Framing? = nil, limits: Limits = Limits())
    -> [UInt8]
  {
    let transport = MemoryTransport()
    let connection = Connection(transport: transport, handler: calculator, framing: framing, limits: limits)
    var start = 0
    for cut in cuts + [bytes.count] {
      transport.send(Array(bytes[start..<cut]))
      start = cut
    }
    transport.endInput()
    #expect(connection.run() == .endOfInput)
    #expect(connection.waitUntilAnswered(atMost: 10_000))
    return Array(transport.writes.joined())
  }

  @Test(arguments: [Framing.line, .header]) func aByteAtATime(_ framing: Framing) {
    let stream = Self.stream(framing)
    let whole = answers(stream, cutAt: [])
    #expect(messages(in: whole, framing).count >= 18)
    #expect(answers(stream, cutAt: Array(stream.indices.dropFirst())) == whole)
  }

  @Test(arguments: [Framing.line, .header]) func everySplitInTwo(_ framing: Framing) {
    let stream = Self.stream(framing)
    let whole = answers(stream, cutAt: [])
    for cut in stream.indices.dropFirst() where answers(stream, cutAt: [cut]) != whole {
      Issue.record("cut at \(cut)")
    }
  }

  /// The streams of the frame decoder's tests, with their faults.
  @Test(arguments: streams) func everyCutOfTheDecodersStreams(_ stream: Stream) {
    var limits = Limits()
    limits.messageBytes = limit
    func answers(_ cuts: [Int]) -> [UInt8] {
      self.answers(stream.bytes, cutAt: cuts, framing: stream.framing, limits: limits)
    }
    let whole = answers([])
    #expect(answers(Array(stream.bytes.indices.dropFirst())) == whole)
    // Not every byte of the stream of 9 KiB is another case.
    for cut in stride(from: 1, to: stream.bytes.count, by: stream.bytes.count > 2_000 ? 97 : 1)
    where answers([cut]) != whole {
      Issue.record("cut at \(cut)")
    }
  }
}
