import JSON
import Testing

@testable import Predictions

/// Which strings of an input name files, and how they are replaced.
@Suite("Files that an input names")
struct FileReferencesTests {
  private func input(_ text: String) throws -> JSONObject { try #require(try JSONValue(parsing: text).object) }

  @Test(arguments: [
    (#"{"image":"@/a.png"}"#, ["input.image /a.png"]),
    (#"{"images":["@/a.png","x","@/b/c d.png"]}"#, ["input.images[0] /a.png", "input.images[2] /b/c d.png"]),
    (#"{"a":{"b":[[{"c":"@/a.png"}]]}}"#, ["input.a.b[0][0].c /a.png"]),
    (#"{"image":"@/a.png","mask":"@/a.png"}"#, ["input.image /a.png", "input.mask /a.png"]),
    (#"{"prompt":"@/a.png","o":{"prompt":["@/a.png",{"x":"@/a.png"}]}}"#, []),
    (#"{"a":"@a.png","b":"/a.png","c":" @/a.png","d":"@","e":"","f":"@\\a","g":"@~/a.png"}"#, []),
    (#"{"@/a.png":1,"n":null,"t":true}"#, []),
    (#"{"Prompt":"@/a.png","prompts":"@/b.png"}"#, ["input.Prompt /a.png", "input.prompts /b.png"]),
    ("{\"a\":\"@/\u{301}x\"}", ["input.a /\u{301}x"]),
  ])
  func found(text: String, expected: [String]) throws {
    #expect(FileReferences.find(in: try input(text)).map { "\($0.member) \($0.path)" } == expected)
  }

  @Test func onlyStringsOutsideThePromptAreReplaced() throws {
    let text = #"{"prompt":"@/a","n":9007199254740993,"l":["@/a",{"m":"@/b","k":"@/c"}],"e":1.0e2}"#
    let replaced = InputStrings.replacing(try input(text)) { ["@/a": "A", "@/b": "B"][$0] }
    #expect(
      JSONValue.object(replaced).text
        == #"{"prompt":"@/a","n":9007199254740993,"l":["A",{"m":"B","k":"@/c"}],"e":1.0e2}"#)
  }

  /// Both functions agree on which strings name files.
  @Test func findingAndReplacingAgree() throws {
    let text = #"{"a":"@/1","b":["@/2",["@/3"]],"c":{"prompt":"@/4","d":"@/5"},"prompt":["@/6"]}"#
    let found = FileReferences.find(in: try input(text)).map(\.path)
    var replaced: [String] = []
    _ = InputStrings.replacing(try input(text)) { string in
      if let path = FileReferences.path(in: string) { replaced.append(path) }
      return nil
    }
    #expect(found == ["/1", "/2", "/3", "/5"])
    #expect(replaced == found)
  }
}
