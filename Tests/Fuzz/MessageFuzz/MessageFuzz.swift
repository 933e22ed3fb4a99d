import JSON
import JSONRPC

/// Whatever a client sends, through the whole peer: it answers with well-formed responses in the framing the client
/// began with, each under an id as it was sent, and the same whether the bytes come at once or in pieces.
///
/// The first byte says how large the pieces are.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  guard count > 0 else { return 0 }
  let bytes = Array(UnsafeBufferPointer(start: start + 1, count: count - 1))
  let written = exchange(bytes, cutEvery: max(1, bytes.count))
  precondition(exchange(bytes, cutEvery: Int(start[0]) + 1) == written, "a cut changes what is answered")
  var frames = FrameDecoder()
  frames.append(written.span)
  frames.finish()
  while let frame = frames.next() {
    guard case .message(let range) = frame else { preconditionFailure("what was written is badly framed") }
    guard let answer = try? JSONValue(parsing: Array(frames.bytes[range])) else {
      preconditionFailure("what was written is no JSON")
    }
    if case .array(let members) = answer {
      precondition(!members.isEmpty, "an empty batch")
      for member in members { check(member, against: bytes) }
    } else {
      check(answer, against: bytes)
    }
  }
  return 0
}

/// A response has three members and no other, and its id is in what was sent, to the byte.
private func check(_ answer: JSONValue, against sent: [UInt8]) {
  let names = answer.object?.members.map(\.name)
  precondition(names == ["jsonrpc", "id", "result"] || names == ["jsonrpc", "id", "error"], "it is not a response")
  if let id = answer["result"]?["id"]?.string { precondition(contains(Array(id.utf8), in: sent), "an id was changed") }
}

private func contains(_ part: [UInt8], in whole: [UInt8]) -> Bool {
  guard part.count <= whole.count else { return false }
  return (0...whole.count - part.count).contains { whole[$0..<$0 + part.count].elementsEqual(part) }
}

private func exchange(_ bytes: [UInt8], cutEvery size: Int) -> [UInt8] {
  let transport = MemoryTransport()
  var limits = Limits()
  limits.messageBytes = 4_096
  limits.batchMembers = 20
  limits.idBytes = 40
  let connection = Connection(transport: transport, handler: Echo(), limits: limits)
  for start in stride(from: 0, to: bytes.count, by: size) {
    transport.send(Array(bytes[start..<min(start + size, bytes.count)]))
  }
  transport.endInput()
  precondition(connection.run() == .endOfInput)
  precondition(connection.waitUntilAnswered(atMost: 10_000), "a call was not answered")
  return Array(transport.writes.joined())
}

/// Answers with all it was given, and lets go of some replies.
private struct Echo: RequestHandler {
  func handle(_ request: Request, reply: consuming Reply) {
    switch request.method {
    case "drop": return
    case "error": reply.error(.methodNotFound)
    case "later": _ = reply.later().result { $0.null() }
    default:
      reply.result { json in
        json.beginObject()
        json.name("method")
        json.value(request.method)
        json.name("params")
        json.value(request.params ?? .null)
        if let id = request.id, case .number(let number) = id.value {
          json.name("id")
          json.value(number.spelling)
        }
        json.endObject()
      }
    }
  }

  func handle(notification: Request) {}

  func refusal(requestsInFlight limit: Int) -> RPCError { .invalidRequest }
}
