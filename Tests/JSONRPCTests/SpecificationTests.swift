import JSON
import JSONRPC
import Testing

/// The examples of JSON-RPC 2.0, section 7: the message and its expected reply; `nil` is none.
let examples: [(name: String, sent: String, reply: String?)] = [
  (
    "positional 1", #"{"jsonrpc": "2.0", "method": "subtract", "params": [42, 23], "id": 1}"#,
    #"{"jsonrpc": "2.0", "result": 19, "id": 1}"#
  ),
  (
    "positional 2", #"{"jsonrpc": "2.0", "method": "subtract", "params": [23, 42], "id": 2}"#,
    #"{"jsonrpc": "2.0", "result": -19, "id": 2}"#
  ),
  (
    "named 1", #"{"jsonrpc": "2.0", "method": "subtract", "params": {"subtrahend": 23, "minuend": 42}, "id": 3}"#,
    #"{"jsonrpc": "2.0", "result": 19, "id": 3}"#
  ),
  (
    "named 2", #"{"jsonrpc": "2.0", "method": "subtract", "params": {"minuend": 42, "subtrahend": 23}, "id": 4}"#,
    #"{"jsonrpc": "2.0", "result": 19, "id": 4}"#
  ),
  ("notification", #"{"jsonrpc": "2.0", "method": "update", "params": [1,2,3,4,5]}"#, nil),
  ("notification of an unknown method", #"{"jsonrpc": "2.0", "method": "foobar"}"#, nil),
  (
    "unknown method", #"{"jsonrpc": "2.0", "method": "foobar", "id": "1"}"#,
    #"{"jsonrpc": "2.0", "error": {"code": -32601, "message": "Method not found"}, "id": "1"}"#
  ),
  (
    "invalid JSON", #"{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]"#,
    #"{"jsonrpc": "2.0", "error": {"code": -32700, "message": "Parse error"}, "id": null}"#
  ),
  (
    "invalid request", #"{"jsonrpc": "2.0", "method": 1, "params": "bar"}"#,
    #"{"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null}"#
  ),
  (
    "batch of invalid JSON",
    #"[{"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},{"jsonrpc": "2.0", "method"]"#,
    #"{"jsonrpc": "2.0", "error": {"code": -32700, "message": "Parse error"}, "id": null}"#
  ),
  (
    "empty batch", "[]",
    #"{"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null}"#
  ),
  (
    "batch of one that is not a request", "[1]",
    #"[{"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null}]"#
  ),
  (
    "batch of three that are no requests", "[1,2,3]",
    #"""
    [{"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null},
     {"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null},
     {"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null}]
    """#
  ),
  (
    "mixed batch",
    #"[{"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},"#
      + #"{"jsonrpc": "2.0", "method": "notify_hello", "params": [7]},"#
      + #"{"jsonrpc": "2.0", "method": "subtract", "params": [42,23], "id": "2"},{"foo": "boo"},"#
      + #"{"jsonrpc": "2.0", "method": "foo.get", "params": {"name": "myself"}, "id": "5"},"#
      + #"{"jsonrpc": "2.0", "method": "get_data", "id": "9"}]"#,
    #"""
    [{"jsonrpc": "2.0", "result": 7, "id": "1"},
     {"jsonrpc": "2.0", "result": 19, "id": "2"},
     {"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null},
     {"jsonrpc": "2.0", "error": {"code": -32601, "message": "Method not found"}, "id": "5"},
     {"jsonrpc": "2.0", "result": ["hello", 5], "id": "9"}]
    """#
  ),
  (
    "batch of notifications",
    #"[{"jsonrpc": "2.0", "method": "notify_sum", "params": [1,2,4]},"#
      + #"{"jsonrpc": "2.0", "method": "notify_hello", "params": [7]}]"#,
    nil
  ),
]

@Suite struct SpecificationTests {
  @Test(arguments: examples.indices, [Framing.line, .header]) func example(_ index: Int, framing: Framing) throws {
    let example = examples[index]
    let found = messages(in: exchange(framed(example.sent, framing), handler: calculator), framing)
    guard let expected = example.reply else {
      #expect(found == [], "\(example.name)")
      return
    }
    #expect(found.count == 1, "\(example.name)")
    #expect(same(json(found.first ?? ""), json(expected)), "\(example.name): \(found)")
  }

  @Test(arguments: [Framing.line, .header]) func allInOneRead(framing: Framing) throws {
    let bytes = examples.flatMap { framed($0.sent, framing) }
    let found = messages(in: exchange(bytes, handler: calculator), framing)
    let expected = examples.compactMap(\.reply)
    #expect(found.count == expected.count)
    for (one, other) in zip(found, expected) { #expect(same(json(one), json(other))) }
  }

  /// Equal but for the order of members and the `data` of errors, which the specification leaves open.
  private func same(_ one: JSONValue, _ other: JSONValue) -> Bool {
    switch (one, other) {
    case (.object(let one), .object(let other)):
      one.members.count { $0.name != "data" } == other.members.count
        && other.members.allSatisfy { member in one[member.name].map { same($0, member.value) } ?? false }
    case (.array(let one), .array(let other)):
      one.count == other.count && zip(one, other).allSatisfy { same($0, $1) }
    default: one == other
    }
  }
}
