import Testing

@testable import HTTP

@Suite struct EventStreamTests {
  private static let text = """
    : a comment\r\n\r\nevent: one\r\ndata: {"a":1}\r\n\r\ndata: two\ndata:  lines\nid: 7\n\nretry: 5\n\nevent: three\rdata\
    :x\r\rdata: last
    """
  private static let events = [
    EventStream.Event(name: "one", data: Array("{\"a\":1}".utf8)),
    EventStream.Event(name: "", data: Array("two\n lines".utf8)),
    EventStream.Event(name: "three", data: Array("x".utf8)),
    EventStream.Event(name: "", data: Array("last".utf8)),
  ]

  @Test func aStreamIsTheSameHoweverItIsCut() {
    let bytes = Array(Self.text.utf8)
    for first in 0...bytes.count {
      var stream = EventStream()
      var events = stream.append(Array(bytes[..<first]).span)
      for byte in bytes[first...] { events += stream.append([byte].span) }
      #expect(events + stream.finish() == Self.events)
    }
  }

  @Test func anEventWithoutDataIsIgnored() {
    var stream = EventStream()
    #expect(stream.append(Array("event: x\n\n\n\n".utf8).span).isEmpty)
    #expect(stream.finish().isEmpty)
  }
}

@Suite struct EventLimitTests {
  /// A line that is too long, one of several that are, and what is just short enough.
  private static let text = """
    event: a\ndata: 123456789\n\ndata: 12345\ndata: 6\ndata: 7\nevent: b\n\ndata: 12345678\n\ndata: 123\ndata: 4567\n\n
    """

  @Test func anEventOverTheLimitIsMarkedHoweverItIsCut() {
    let bytes = Array(Self.text.utf8) + Array("data: \(String(repeating: "x", count: 500))\n\ndata: y\n\n".utf8)
    for first in 0...bytes.count {
      var stream = EventStream(limit: 8)
      var events = stream.append(Array(bytes[..<first]).span)
      for byte in bytes[first...] { events += stream.append([byte].span) }
      #expect(
        events + stream.finish() == [
          .init(name: "a", data: [], isTooLong: true), .init(name: "b", data: [], isTooLong: true),
          .init(name: "", data: Array("12345678".utf8)), .init(name: "", data: Array("123\n4567".utf8)),
          .init(name: "", data: [], isTooLong: true), .init(name: "", data: Array("y".utf8)),
        ])
    }
  }
}
