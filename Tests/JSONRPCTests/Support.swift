import JSON
import JSONRPC
import Threads

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A handler made of closures.
struct Handler: RequestHandler {
  var onRequest: @Sendable (Request, consuming Reply) -> Void = { request, reply in
    let method = request.method
    reply.result { $0.value(method) }
  }
  var onNotification: @Sendable (Request) -> Void = { _ in }
  var onSettle: @Sendable () -> Void = {}
  var onReaderGone: @Sendable () -> Void = {}

  func handle(_ request: Request, reply: consuming Reply) { onRequest(request, reply) }
  func handle(notification: Request) { onNotification(notification) }
  func refusal(requestsInFlight limit: Int) -> RPCError { RPCError(code: 7, message: "\(limit) in flight") }
  func settle() { onSettle() }
  func readerIsGone() { onReaderGone() }
}

/// The methods of the specification's examples.
let calculator = Handler(onRequest: { request, reply in
  let params = request.params
  switch request.method {
  case "subtract":
    let minuend = params?["minuend"]?.int64 ?? params?.array?[0].int64 ?? 0
    let subtrahend = params?["subtrahend"]?.int64 ?? params?.array?[1].int64 ?? 0
    reply.result { $0.value(minuend - subtrahend) }
  case "sum":
    reply.result { $0.value((params?.array ?? []).compactMap(\.int64).reduce(0, +)) }
  case "get_data":
    reply.result { $0.value(["hello", 5] as JSONValue) }
  default:
    reply.error(.methodNotFound)
  }
})

/// A value that a handler and its test share.
final class Shared<Value: Sendable>: Sendable {
  private let guarded: Protected<Value>

  init(_ value: Value) { guarded = Protected(value) }

  var value: Value { guarded.withLock { $0 } }
  func set(_ value: Value) { guarded.signal { $0 = value } }
  func change(_ body: (inout Value) -> Void) { guarded.signal { body(&$0) } }
  /// Waits for a value; `nil` after ten seconds, which no passing test takes.
  func wait<Result: Sendable>(until body: (inout Value) -> Result?) -> Result? {
    guarded.wait(atMost: 10_000) { body(&$0) }
  }
}

/// One message on the wire.
func framed(_ message: String, _ framing: Framing) -> [UInt8] {
  switch framing {
  case .line: Array("\(message)\n".utf8)
  case .header: Array("Content-Length: \(message.utf8.count)\r\n\r\n\(message)".utf8)
  }
}

/// The messages in written bytes, checked for their exact form.
func messages(in bytes: [UInt8], _ framing: Framing) -> [String] {
  var rest = bytes[...]
  var found: [String] = []
  while !rest.isEmpty {
    switch framing {
    case .line:
      guard let end = rest.firstIndex(of: 0x0A) else { return found + ["unfinished"] }
      found.append(String(decoding: rest[..<end], as: UTF8.self))
      rest = rest[(end + 1)...]
    case .header:
      let prefix = Array("Content-Length: ".utf8)
      guard rest.starts(with: prefix), let end = rest.firstIndex(of: 0x0D),
        let count = Int(String(decoding: rest[(rest.startIndex + prefix.count)..<end], as: UTF8.self)),
        rest[end...].starts(with: Array("\r\n\r\n".utf8)), rest.endIndex >= end + 4 + count
      else { return found + ["badly framed"] }
      found.append(String(decoding: rest[(end + 4)..<(end + 4 + count)], as: UTF8.self))
      rest = rest[(end + 4 + count)...]
    }
  }
  return found
}

/// Sends bytes that arrive in one read, ends the input, and returns the written bytes.
func exchange(
  _ bytes: [UInt8], handler: Handler = Handler(), framing: Framing? = nil, limits: Limits = Limits()
) -> [UInt8] {
  let transport = MemoryTransport()
  let connection = Connection(transport: transport, handler: handler, framing: framing, limits: limits)
  transport.send(bytes)
  transport.endInput()
  _ = connection.run()
  _ = connection.waitUntilAnswered(atMost: 10_000)
  return Array(transport.writes.joined())
}

/// The replies to these lines, sent in one read.
func replies(to text: String, handler: Handler = Handler(), limits: Limits = Limits()) -> [String] {
  messages(in: exchange(Array(text.utf8), handler: handler, framing: .line, limits: limits), .line)
}

/// A request in one line.
func call(_ id: String, _ method: String = "echo", params: String? = nil) -> String {
  #"{"jsonrpc":"2.0","id":\#(id),"method":"\#(method)"\#(params.map { ",\"params\":\($0)" } ?? "")}"# + "\n"
}

/// The expected reply with a result, or with an error of JSON-RPC.
func result(_ id: String, _ value: String) -> String { #"{"jsonrpc":"2.0","id":\#(id),"result":\#(value)}"# }
func invalidRequest(_ id: String = "null") -> String { failure(id, .invalidRequest) }
let parseError = failure("null", .parseError)
private func failure(_ id: String, _ error: RPCError) -> String {
  let data = String(decoding: error.data ?? [], as: UTF8.self)
  return #"{"jsonrpc":"2.0","id":\#(id),"error":{"code":\#(error.code),"message":"\#(error.message)","data":\#(data)}}"#
}

func json(_ text: String) -> JSONValue { (try? JSONValue(parsing: text)) ?? .string("not JSON: \(text)") }

/// A pipe of the system.
final class Pipe: Sendable {
  let reading: Int32
  let writing: Int32

  init(nonBlocking: Bool = false) {
    signal(SIGPIPE, SIG_IGN)
    var ends: [Int32] = [0, 0]
    precondition(pipe(&ends) == 0)
    // Or a child of another test would hold an end of it open.
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    (reading, writing) = (ends[0], ends[1])
    if nonBlocking {
      for end in ends { _ = fcntl(end, F_SETFL, fcntl(end, F_GETFL) | O_NONBLOCK) }
    }
  }

  func write(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { systemWrite(writing, $0) }
      if count < 0, errno == EINTR || errno == EAGAIN { continue }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }

  /// So many bytes, or fewer where the writing end closes before.
  func read(_ count: Int) -> [UInt8] {
    var all: [UInt8] = []
    while all.count < count, let chunk = readSome() { all += chunk }
    return all
  }

  func readSome(_ most: Int = 65_536) -> [UInt8]? {
    var chunk = [UInt8](repeating: 0, count: most)
    while true {
      let count = chunk.withUnsafeMutableBytes { systemRead(reading, $0) }
      if count < 0, errno == EINTR || errno == EAGAIN { continue }
      return count > 0 ? Array(chunk[..<count]) : nil
    }
  }

  func closeReading() { close(reading) }
  func closeWriting() { close(writing) }
}

private func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
  read(descriptor, buffer.baseAddress, buffer.count)
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
  write(descriptor, bytes.baseAddress, bytes.count)
}
