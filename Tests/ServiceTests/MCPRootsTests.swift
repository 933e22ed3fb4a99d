import JSON
import Testing

@testable import Service

@Suite("The roots of a host")
struct MCPRootsTests {
  @Test(
    arguments: [
      (#"{"roots":[{"uri":"file:///a"},{"uri":"file:///b%20c","name":"x"}]}"#, ["/a", "/b c"]),
      (#"{"roots":[]}"#, []),
      (#"{"roots":[{"uri":"https://a/b"},{"name":"x"},7,{"uri":"file:///a%0Ab"},{"uri":7}]}"#, []),
      (#"{"roots":{}}"#, nil), (#"{}"#, nil), (#"[]"#, nil),
    ] as [(String, [String]?)])
  func paths(result: String, expected: [String]?) throws {
    #expect(MCPRoots.paths(in: try JSONValue(parsing: result)) == expected)
  }

  @Test func noResultHasNone() {
    #expect(MCPRoots.paths(in: nil) == nil)
    let many = JSONValue.array((0..<100).map { ["uri": .string("file:///\($0)")] })
    #expect(MCPRoots.paths(in: ["roots": many])?.count == MCPRoots.limit)
  }

  @Test func onlyTheAnswerToTheLastRequestCounts() {
    var roots = MCPRoots()
    let none = roots.takes("imagewire-roots-0")
    let first = roots.begin()
    let second = roots.begin()
    let answers = [roots.takes(first), roots.takes("other"), roots.takes(second), roots.takes(second)]
    #expect(!none && first != second && answers == [false, false, true, false])
  }
}
