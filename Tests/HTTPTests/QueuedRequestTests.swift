import JSON
import Testing
import Threads

@testable import HTTP
@testable import HTTPTestSupport

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Requests whose sink and completion run on a queue.
@Suite struct QueuedRequestTests {
  /// What a download handed out, on its queue.
  private struct Record {
    var bytes = 0
    /// Whether the bytes were in order.
    var isInOrder = true
    var kinds: [HTTPFailure.Kind?] = []
  }

  private typealias Sink = @Sendable (borrowing Span<UInt8>) -> Bool

  private func download(
    _ url: String, on queue: WorkQueue, total: Int64 = 60_000, into record: Protected<Record>,
    sink: @escaping Sink = { _ in true }
  ) -> HTTPRequest {
    HTTPRequest(
      url: url, limits: .init(total: total), bodyLimit: 1 << 40,
      purpose: .download(
        allows: { _ in true },
        sink: { bytes in
          queue.assertIsCurrent()
          record.signal { record in
            if !record.kinds.isEmpty { record.isInOrder = false }
            for index in bytes.indices where bytes[index] != Self.byte(at: record.bytes + index) {
              record.isInOrder = false
            }
            record.bytes += bytes.count
          }
          return sink(bytes)
        }), queue: queue)
  }

  private func send(_ request: HTTPRequest, by http: HTTPClient, into record: Protected<Record>) {
    http.send(request) { [queue = request.queue] result in
      queue?.assertIsCurrent()
      record.signal { record in
        if case .failure(let failure) = result { record.kinds.append(failure.kind) } else { record.kinds.append(nil) }
      }
    }
  }

  /// A text whose length is a prime, so that a lost or exchanged piece is noticed.
  private static let pattern = Array("The quick brown fox jumps over the lazy dog".utf8)
  private static func byte(at index: Int) -> UInt8 { pattern[index % pattern.count] }
  private static func text(_ count: Int) -> JSONValue {
    .string(String(repeating: String(decoding: pattern, as: UTF8.self), count: count / pattern.count))
  }

  /// Answers of other transfers show that the client's thread runs, and give the download time.
  private func poll(_ server: Loopback, _ count: Int, by http: HTTPClient) throws {
    let request = HTTPRequest(url: server.url + "/api/v3/predictions/x/result", limits: .init(total: 20_000))
    for _ in 0..<count { #expect(try http.ask(request).get().status == 418) }
  }

  private func server(_ download: JSONValue) throws -> Loopback {
    try Loopback([
      "download": [download], "poll": [["do": "reply", "status": 418, "body": "tea", "times": "forever"]],
    ])
  }

  /// The disk hangs: the download pauses with a few megabytes in memory, and polls are answered meanwhile.
  @Test func aSlowSinkPausesTheTransfer() throws {
    let body = Self.text(12 << 20)
    let server = try server(["do": "reply", "status": 200, "body": body])
    let http = client()
    let blocked = BlockedQueue()
    let record = Protected(Record())
    send(download(server.outputURL + "/output/x.png", on: blocked.queue, into: record), by: http, into: record)
    _ = server.requests(atLeast: 1)
    try poll(server, 200, by: http)
    #expect(record.withLock { $0.kinds.isEmpty && $0.bytes == 0 })
    // Runs behind all pieces that wait now, and before all that come after the pause.
    let waited = Protected<Int?>(nil)
    blocked.queue.async { waited.signal { $0 = record.withLock { $0.bytes } } }
    blocked.open()
    let bytes = try #require(waited.wait(atMost: 60_000) { $0 })
    #expect(bytes <= QueuedSink.limit && bytes > QueuedSink.limit / 2)
    #expect(record.wait(atMost: 60_000) { $0.kinds.isEmpty ? nil : true } == true)
    let end = record.withLock { $0 }
    #expect(end.bytes == body.string?.utf8.count && end.isInOrder && end.kinds == [nil])
  }

  @Test func aSinkThatEndsStopsAnEndlessTransfer() throws {
    let server = try server("endless")
    let record = Protected(Record())
    let request = download(server.outputURL + "/output/x.png", on: WorkQueue(), into: record) { _ in
      record.withLock { $0.bytes < 1 << 20 }
    }
    let http = client()
    send(request, by: http, into: record)
    #expect(record.wait(atMost: 60_000) { $0.kinds.isEmpty ? nil : $0.kinds } == [.stopped])
    http.close()
  }

  /// It is stopped at once, though no further byte arrives.
  @Test func aSinkThatEndsStopsATransferThatHangs() throws {
    let server = try server("trickle")
    let record = Protected(Record())
    let request = download(server.outputURL + "/output/x.png", on: WorkQueue(), into: record) { _ in false }
    let http = client()
    send(request, by: http, into: record)
    #expect(record.wait(atMost: 30_000) { $0.kinds.isEmpty ? nil : $0.kinds } == [.stopped])
    http.close()
  }

  /// The sink fails after the last byte arrived.
  @Test func aSinkThatEndsWithTheLastByteIsNoSuccess() throws {
    let server = try server(["do": "reply", "status": 200, "body": Self.text(100)])
    let record = Protected(Record())
    let blocked = BlockedQueue()
    let request = download(server.outputURL + "/output/x.png", on: blocked.queue, into: record) { _ in false }
    let http = client()
    send(request, by: http, into: record)
    _ = server.requests(atLeast: 1)
    try poll(server, 20, by: http)
    blocked.open()
    #expect(record.wait(atMost: 60_000) { $0.kinds.isEmpty ? nil : $0.kinds } == [.stopped])
    http.close()
  }

  @Test func aPausedTransferIsStoppedWhereItsSinkEnds() throws {
    let server = try server("endless")
    let http = client()
    let blocked = BlockedQueue()
    let record = Protected(Record())
    let request = download(server.outputURL + "/output/x.png", on: blocked.queue, into: record) { _ in false }
    send(request, by: http, into: record)
    _ = server.requests(atLeast: 1)
    try poll(server, 200, by: http)
    blocked.open()
    #expect(record.wait(atMost: 60_000) { $0.kinds.isEmpty ? nil : $0.kinds } == [.stopped])
    try poll(server, 1, by: http)
  }

  /// The bytes that waited still reach the sink; then the completion is called once, and nothing after it.
  @Test func closingEndsAPausedTransfer() throws {
    let server = try server(["do": "reply", "status": 200, "body": Self.text(12 << 20)])
    let http = client()
    let blocked = BlockedQueue()
    let record = Protected(Record())
    send(download(server.outputURL + "/output/x.png", on: blocked.queue, into: record), by: http, into: record)
    _ = server.requests(atLeast: 1)
    try poll(server, 200, by: http)
    http.close()
    while http.isRunning { sched_yield() }
    #expect(record.withLock { $0.kinds.isEmpty && $0.bytes == 0 })
    blocked.finish()
    let end = record.withLock { $0 }
    #expect(end.kinds == [.closed] && end.isInOrder && end.bytes > 0 && end.bytes <= QueuedSink.limit)
  }

  /// A download that waits for a slot gets it when the time of the paused one is up.
  @Test func theTimeLimitEndsAPausedTransfer() throws {
    let http = client()
    let slots = http.downloadsAtOnce
    let server = try Loopback([
      "download": ["endless", ["do": "hang", "times": .number(JSONNumber(slots - 1))], "404"]
    ])
    let url = server.outputURL + "/output/x.png"
    let blocked = BlockedQueue()
    let (paused, other) = (Protected(Record()), Protected(Record()))
    send(download(url, on: blocked.queue, total: 2_000, into: paused), by: http, into: paused)
    _ = server.requests(atLeast: 1)
    let queue = WorkQueue()
    for _ in 1..<slots { http.send(download(url, on: queue, into: Protected(Record()))) { _ in } }
    _ = server.requests(atLeast: slots)
    send(download(url, on: queue, into: other), by: http, into: other)
    #expect(other.wait(atMost: 30_000) { $0.kinds.isEmpty ? nil : $0.kinds } == [nil])
    #expect(paused.withLock { $0.kinds.isEmpty })
    blocked.open()
    #expect(paused.wait(atMost: 60_000) { $0.kinds.isEmpty ? nil : $0.kinds } == [.timedOut])
  }

  /// Also where nothing is sent.
  @Test func everyCompletionRunsOnTheQueueOnce() throws {
    let server = try server("404")
    let http = client()
    let queue = WorkQueue()
    let record = Protected(Record())
    let urls = [
      server.outputURL + "/output/x.png", server.url + "/api/v3/predictions/x/result", "ftp://x", "http://127.0.0.1:1",
    ]
    for (index, url) in urls.enumerated() {
      send(HTTPRequest(url: url, limits: .init(total: 20_000), queue: queue), by: http, into: record)
      #expect(record.wait(atMost: 60_000) { $0.kinds.count > index ? true : nil } == true)
    }
    http.close()
    send(HTTPRequest(url: urls[0], limits: .init(total: 20_000), queue: queue), by: http, into: record)
    #expect(record.wait(atMost: 60_000) { $0.kinds.count == 5 ? true : nil } == true)
    #expect(record.withLock { $0.kinds } == [nil, nil, .badRequest, .unreachable, .closed])
  }

  /// An answer counts as memory in use until its completion has returned.
  @Test func anAnswerThatWaitsOnTheQueueHoldsItsMemory() throws {
    let server = try server("404")
    server.script(["submit": [["do": "reply", "status": 200, "body": Self.text(80_000), "times": 2]]])
    let http = HTTPClient(environment: ProxyEnvironment(variable: { _ in nil }), memoryLimit: 100_000)
    let blocked = BlockedQueue()
    let (first, second) = (Protected(Record()), Protected(Record()))
    var request = HTTPRequest(
      url: server.url + "/api/v3/a/b", body: Array("{}".utf8), limits: .init(total: 60_000), queue: blocked.queue)
    send(request, by: http, into: first)
    _ = server.requests(atLeast: 1)
    try poll(server, 50, by: http)
    request.queue = nil
    send(request, by: http, into: second)
    _ = server.requests(atLeast: 52)
    try poll(server, 50, by: http)
    #expect(second.withLock { $0.kinds.isEmpty })
    blocked.open()
    #expect(first.wait(atMost: 60_000) { $0.kinds.isEmpty ? nil : $0.kinds } == [nil])
    #expect(second.wait(atMost: 60_000) { $0.kinds.isEmpty ? nil : $0.kinds } == [nil])
  }

  @Test func aCompletionThatWaitsOnTheClientsThreadStopsADebugBuild() async {
    await #expect(processExitsWith: .failure) {
      let done = Protected(false)
      let http = HTTPClient()
      http.send(HTTPRequest(url: "ftp://x", limits: .init(total: 1_000))) { _ in
        _ = Protected(0).wait(atMost: 1) { _ in nil as Int? }
        done.signal { $0 = true }
      }
      _ = done.wait(atMost: 20_000) { $0 ? true : nil }
    }
  }
}
