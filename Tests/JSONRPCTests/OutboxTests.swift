import JSON
import Testing
import Threads

@testable import JSONRPC

@Suite struct OutboxTests {
  private static let line = [UInt8](repeating: UInt8(ascii: "x"), count: 99) + [0x0A]

  /// Answers at once, but keeps the replies of `later`.
  private static func answering(
    with text: String, keeping kept: Shared<[PendingReply]>
  ) -> @Sendable (Request, consuming Reply) -> Void {
    { request, reply in
      if request.method == "later" {
        let pending = reply.later()
        kept.change { $0.append(pending) }
      } else {
        reply.result { $0.value(text) }
      }
    }
  }

  /// No sending thread is blocked, and no frame is cut by another, although the reader starts late.
  @Test(arguments: [false, true]) func framesOfManyThreadsNeverInterleave(nonBlocking: Bool) {
    let pipe = Pipe(nonBlocking: nonBlocking)
    let outbox = Outbox(StandardIO(input: -1, output: pipe.writing)) {}
    let sent = Shared(0)
    for thread in 0..<8 {
      startThread {
        for index in 0..<500 {
          // Some are longer than the buffer of a pipe, so that they are written in several pieces.
          let count = index % 50 == 0 ? 20_000 : 80
          var frame = [UInt8](repeating: UInt8(ascii: "a") + UInt8(thread), count: count) + [0x0A]
          outbox.enqueue(&frame)
          outbox.push()
        }
        sent.change { $0 += 1 }
      }
    }
    #expect(sent.wait { $0 == 8 ? true : nil } == true, "a slow reader blocks nobody who sends")
    let read = Shared<[UInt8]?>(nil)
    startThread { read.set(pipe.read(8 * (490 * 81 + 10 * 20_001))) }
    #expect(outbox.waitUntilWritten(atMost: 10_000))
    pipe.closeWriting()
    let lines = (read.wait { $0 } ?? []).split(separator: 0x0A)
    #expect(lines.count == 4_000)
    #expect(lines.allSatisfy { line in line.allSatisfy { $0 == line.first } && [80, 20_000].contains(line.count) })
    pipe.closeReading()
  }

  @Test func framesQueuedTogetherAreWrittenTogether() {
    let transport = MemoryTransport(room: 0)
    let outbox = Outbox(transport) {}
    for _ in 0..<3 {
      var frame = Self.line
      outbox.enqueue(&frame)
    }
    transport.makeRoom()
    outbox.push()
    #expect(transport.writes == [Array(repeatElement(Self.line, count: 3).joined())])
    #expect(outbox.unwritten == 0)
  }

  @Test func aLostReaderIsReportedOnceAndTheRestIsDropped() {
    let pipe = Pipe()
    pipe.closeReading()
    let reports = Shared(0)
    let outbox = Outbox(StandardIO(input: -1, output: pipe.writing)) { reports.change { $0 += 1 } }
    for _ in 0..<3 {
      var frame = Self.line
      outbox.enqueue(&frame)
      outbox.push()
    }
    #expect(reports.value == 1)
    #expect(outbox.unwritten == 0)
    #expect(!outbox.waitUntilWritten(atMost: nil))
    outbox.waitForRoom(below: 0)
    pipe.closeWriting()
  }

  /// The reader goes away while the writing thread is blocked.
  @Test func aReaderLostDuringAWriteIsReported() {
    let pipe = Pipe()
    let reports = Shared(0)
    let outbox = Outbox(StandardIO(input: -1, output: pipe.writing)) { reports.change { $0 += 1 } }
    var frame = [UInt8](repeating: 0, count: 1 << 20)
    outbox.enqueue(&frame)
    outbox.push()
    #expect(reports.value == 0)
    pipe.closeReading()
    #expect(reports.wait { $0 == 1 ? true : nil } == true)
    pipe.closeWriting()
  }

  /// Writes everything before it reads anything, as a naive script does; well below the bound.
  @Test(arguments: [Framing.line, .header]) func aClientThatWritesEverythingFirstDoesNotDeadlock(framing: Framing) {
    let (requests, answers) = (Pipe(), Pipe())
    let io = StandardIO(input: requests.reading, output: answers.writing)
    let text = String(repeating: "y", count: 400)
    let handler = Handler(onRequest: { _, reply in reply.result { $0.value(text) } })
    let connection = Connection(transport: io, handler: handler)
    startThread {
      _ = connection.run()
      _ = connection.waitUntilAnswered(atMost: 10_000)
      answers.closeWriting()
    }
    let count = 20_000
    requests.write((0..<count).flatMap { framed(String(call("\($0)").dropLast()), framing) })
    requests.closeWriting()
    let expected = (0..<count).map { result("\($0)", "\"\(text)\"") }
    let found = messages(in: answers.read(expected.reduce(0) { $0 + framed($1, framing).count }), framing)
    #expect(found == expected)
    requests.closeReading()
    answers.closeReading()
  }

  @Test func aSlowReaderStopsTheReadingUntilItHasRead() {
    let transport = MemoryTransport(room: 0)
    var limits = Limits()
    #expect(limits.unwrittenBytes == 64 << 20)
    limits.unwrittenBytes = 1_000
    let handled = Shared(0)
    let handler = Handler(onRequest: { _, reply in
      handled.change { $0 += 1 }
      reply.result { _ in }
    })
    let connection = Connection(transport: transport, handler: handler, framing: .line, limits: limits)
    let end = Shared<EndOfConnection?>(nil)
    startThread { end.set(connection.run()) }
    let length = result("1", "null").utf8.count + 1
    let enough = 1_000 / length + 1
    for _ in 0..<enough + 50 { transport.send(call("1")) }
    _ = handled.wait { $0 == enough ? true : nil }
    while !connection.outbox.isHeldBack, handled.value == enough {}
    #expect(handled.value == enough, "no question is read while the answers to others wait")
    #expect(connection.outbox.isHeldBack)
    transport.makeRoom()
    transport.endInput()
    #expect(end.wait { $0 } == .endOfInput)
    #expect(connection.waitUntilAnswered(atMost: 10_000))
    #expect(messages(in: Array(transport.writes.joined()), .line).count == enough + 50)
  }

  @Test func shortRequestsWithLongRepliesAreWrittenBeforeTheirReadIsOver() {
    let transport = MemoryTransport(room: 0)
    var limits = Limits()
    limits.unwrittenBytes = 200 << 10
    let text = String(repeating: "z", count: 10_000)
    let handled = Shared(0)
    let handler = Handler(onRequest: { _, reply in
      handled.change { $0 += 1 }
      reply.result { $0.value(text) }
    })
    let connection = Connection(transport: transport, handler: handler, limits: limits)
    let end = Shared<EndOfConnection?>(nil)
    startThread { end.set(connection.run()) }
    transport.send(String(repeating: call("1"), count: 100))
    transport.endInput()
    while !connection.outbox.isHeldBack, end.value == nil {}
    #expect(handled.value < 40)
    transport.makeRoom()
    #expect(end.wait { $0 } == .endOfInput)
    #expect(connection.waitUntilAnswered(atMost: 10_000))
    #expect(messages(in: Array(transport.writes.joined()), .line).count == 100)
  }

  /// 100 replies of 200 bytes to one read. A reply that waits for a commit holds back all behind it.
  @Test(arguments: [false, true]) func repliesAreWrittenEarlyUnlessOneIsMissing(isOwed: Bool) {
    let transport = MemoryTransport()
    let text = String(repeating: "z", count: 200)
    let kept = Shared<[PendingReply]>([])
    let handler = Handler(
      onRequest: Self.answering(with: text, keeping: kept),
      onSettle: { kept.value.forEach { $0.result { $0.value("committed") } } })
    let connection = Connection(transport: transport, handler: handler)
    transport.send(call("0", isOwed ? "later" : "now") + String(repeating: call("1"), count: 99))
    transport.endInput()
    #expect(connection.run() == .endOfInput)
    #expect(connection.waitUntilAnswered(atMost: 10_000))
    #expect(transport.writes.count == (isOwed ? 1 : 2))
    let first = isOwed ? "committed" : text
    #expect(messages(in: Array(transport.writes.joined()), .line).first == result("0", "\"\(first)\""))
  }

  @Test func aLostReaderEndsTheConnection() {
    let transport = MemoryTransport()
    let reports = Shared(0)
    let kept = Shared<[PendingReply]>([])
    let handler = Handler(
      onRequest: Self.answering(with: "", keeping: kept), onReaderGone: { reports.change { $0 += 1 } })
    let connection = Connection(transport: transport, handler: handler)
    transport.stopReceiving()
    transport.send(call("1", "later"))
    transport.send(call("2"))
    #expect(connection.run() == .readerGone)
    #expect(reports.value == 1)
    #expect(!connection.waitUntilAnswered(atMost: nil), "nobody is waiting for the request in flight")
    kept.value[0].result { _ in }
    #expect(reports.value == 1)
  }
}
