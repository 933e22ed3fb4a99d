import Testing
import Threads

@testable import JSONRPC

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

@Suite struct StandardIOTests {
  /// Pipes in the place of the standard streams, which the test process needs.
  @Test func afterTakeOverNothingElseReachesTheStreams() {
    let (requests, answers, log) = (Pipe(), Pipe(), Pipe())
    let io = StandardIO.takeOver(input: requests.reading, output: answers.writing, errors: log.writing)
    #expect(io.input > 2 && io.output > 2)
    #expect(fcntl(io.input, F_GETFD) & FD_CLOEXEC != 0)
    #expect(fcntl(io.output, F_GETFD) & FD_CLOEXEC != 0)

    // Printing goes to the log, and standard input is empty.
    answers.write(Array("noise".utf8))
    #expect(log.readSome() == Array("noise".utf8))
    #expect(requests.readSome() == nil)

    requests.write(Array("question".utf8))
    var chunk = [UInt8](repeating: 0, count: 64)
    #expect(io.read(into: &chunk) == 8)
    #expect(chunk.starts(with: Array("question".utf8)))
    #expect(io.write(Array("answer".utf8).span, waiting: false) == .written(6))
    #expect(answers.readSome() == Array("answer".utf8))
    requests.closeWriting()
    #expect(io.read(into: &chunk) == 0)
    for descriptor in [
      io.input, io.output, answers.writing, answers.reading, log.writing, log.reading, requests.reading,
    ] {
      close(descriptor)
    }
  }

  @Test func closedStandardStreamsAreTolerated() {
    // Descriptors that are closed, below the smallest limit of any system.
    let io = StandardIO.takeOver(input: 241, output: 242, errors: 243)
    #expect(io.input == -1 && io.output == -1)
    var chunk = [UInt8](repeating: 0, count: 8)
    #expect(io.read(into: &chunk) == 0)
    #expect(io.write([1].span, waiting: false) == .readerGone)
    #expect(io.write([1].span, waiting: true) == .readerGone)
    // All three lead to /dev/null: a log line is dropped, and standard input is empty.
    #expect(write(243, "x", 1) == 1)
    #expect(write(242, "x", 1) == 1)
    #expect(read(241, &chunk, 1) == 0)
    for descriptor: Int32 in [241, 242, 243] { close(descriptor) }
  }

  @Test(arguments: [false, true]) func aWriteToAFullPipeDoesNotWait(nonBlocking: Bool) {
    let pipe = Pipe(nonBlocking: nonBlocking)
    let io = StandardIO(input: pipe.reading, output: pipe.writing)
    let piece = [UInt8](repeating: 7, count: 100_000)
    var written = 0
    while case .written(let count) = io.write(piece.span, waiting: false) {
      written += count
    }
    #expect(written > 0)
    #expect(io.write(piece.span, waiting: false) == .wouldBlock)
    // A thread that may wait does so, also with a non-blocking descriptor.
    let outcome = Shared<WriteOutcome?>(nil)
    startThread { outcome.set(io.write(piece.span, waiting: true)) }
    var read = 0
    while read < written { read += pipe.readSome()?.count ?? 0 }
    guard case .written(let count)? = outcome.wait(until: { $0 }) else {
      Issue.record("\(String(describing: outcome.value))")
      return
    }
    #expect(count > 0)
    pipe.closeReading()
    pipe.closeWriting()
  }

  /// Node and VS Code use sockets instead of pipes.
  @Test func aWriteToAFullSocketDoesNotWait() {
    signal(SIGPIPE, SIG_IGN)
    var ends: [Int32] = [0, 0]
    #if canImport(Darwin)
      #expect(socketpair(AF_UNIX, SOCK_STREAM, 0, &ends) == 0)
    #else
      #expect(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
    #endif
    let io = StandardIO(input: -1, output: ends[0])
    let piece = [UInt8](repeating: 7, count: 100_000)
    var written = 0
    while case .written(let count) = io.write(piece.span, waiting: false) { written += count }
    #expect(written > 0)
    #expect(io.write(piece.span, waiting: false) == .wouldBlock)
    #expect(fcntl(ends[0], F_GETFL) & O_NONBLOCK == 0)
    close(ends[1])
    #expect(io.write(piece.span, waiting: false) == .readerGone)
    close(ends[0])
  }

  @Test(arguments: [false, true]) func readingWaitsForBytes(nonBlocking: Bool) {
    let pipe = Pipe(nonBlocking: nonBlocking)
    let io = StandardIO(input: pipe.reading, output: -1)
    let counts = Shared<[Int]>([])
    startThread {
      var chunk = [UInt8](repeating: 0, count: 64)
      repeat {
        let count = io.read(into: &chunk)
        counts.change { $0.append(count) }
      } while counts.value.last != 0
    }
    pipe.write([1, 2, 3])
    #expect(counts.wait { $0.first } == 3)
    pipe.write([4])
    #expect(counts.wait { $0.count > 1 ? $0[1] : nil } == 1)
    pipe.closeWriting()
    #expect(counts.wait { $0.count > 2 ? $0[2] : nil } == 0)
    pipe.closeReading()
  }

  @Test func theFlagsOfSharedDescriptorsStayAsTheyWere() {
    let (requests, answers, log) = (Pipe(), Pipe(), Pipe())
    let before = [requests.reading, answers.writing].map { fcntl($0, F_GETFL) & O_NONBLOCK }
    let io = StandardIO.takeOver(input: requests.reading, output: answers.writing, errors: log.writing)
    let connection = Connection(transport: io, handler: Handler())
    requests.write(Array(call("1").utf8))
    requests.closeWriting()
    #expect(connection.run() == .endOfInput)
    #expect([io.input, io.output].map { fcntl($0, F_GETFL) & O_NONBLOCK } == before)
    #expect(messages(in: answers.readSome() ?? [], .line) == [result("1", #""echo""#)])
    for descriptor in [
      io.input, io.output, answers.writing, answers.reading, log.writing, log.reading, requests.reading,
    ] {
      close(descriptor)
    }
  }
}
