import JSON
import Testing

@testable import Predictions

/// Which strings of an input name outputs of earlier predictions.
@Suite("Outputs that an input names")
struct OutputReferencesTests {
  private static let id = "01a20d36-9e0c-79d7-a459-6c6967687468"
  private static let name = "imagewire://predictions/\(id)/"

  private func input(_ text: String) throws -> JSONObject { try #require(try JSONValue(parsing: text).object) }

  @Test("the canonical spelling is read and written", arguments: [1, 9, 10, 64])
  func spelling(output: Int) throws {
    let reference = try #require(OutputReference("\(Self.name)\(output)"))
    #expect(reference.output == output && reference.target.description == Self.id)
    #expect(reference.text == "\(Self.name)\(output)")
  }

  /// Each of them begins like a reference and is none, so it must not be sent as words.
  static let misspelt = [
    "\(name)0", "\(name)65", "\(name)01", "\(name)+1", "\(name)-1", "\(name)1.0", "\(name) 1", "\(name)1 ", "\(name)1/",
    "\(name)",
    "\(name)x", "\(name)1#a", "\(name)1?a", "\(name)\u{661}", String(name.dropLast()), " \(name)1", "\n\(name)1",
    "imagewire://predictions/\(id.uppercased())/1", "imagewire://predictions/\(id.dropLast())/1",
    "imagewire://predictions/01a20d36-9e0c-49d7-a459-6c6967687468/1", "imagewire://predictions/@last/1",
    "IMAGEWIRE://predictions/\(id)/1", "imagewire:/predictions/\(id)/1", "imagewire://prediction/\(id)/1",
    "imagewire://", "\u{A0}\(name)1", "\u{FEFF}\(name)1", "@\(name)1", "\"\(name)1\"", "<\(name)1>", "see \(name)1",
    "imagewire%3A//predictions/\(id)/1", "imagewire\u{FF1A}//predictions/\(id)/1",
    String(repeating: " ", count: 300) + name + "1",
    "imagewire:", "imagewire://predictions//1", "imagewire://predictions/\(id)/9223372036854775808",
  ]

  @Test("anything that begins like one and is spelled otherwise is refused, with its field", arguments: misspelt)
  func misspelling(text: String) throws {
    #expect(OutputReference(text) == nil)
    let input = JSONObject([
      ("a", "x"), ("images", .array([.string("\(Self.name)1"), .object(JSONObject([("b", .string(text))]))])),
    ])
    #expect(throws: OutputReferences.Misspelt(member: "input.images[1].b")) { try OutputReferences.find(in: input) }
    #expect(OutputReferences.areMeant(in: input))
  }

  @Test(
    "other words are words",
    arguments: [
      "", "i", "imagewire", "image wire://", "@/imagewire://", "https://x",
      "https://example.com/imagewire/predictions/1.png",
      "https://example.com//predictions/a.png",
    ])
  func words(text: String) throws {
    #expect(!OutputReference.isMeant(by: text))
    #expect(try OutputReferences.find(in: JSONObject([("a", .string(text))])) == [])
  }

  @Test("references are found at any depth, in order, and never below a prompt")
  func places() throws {
    let text = """
      {"prompt":"\(Self.name)1","o":{"prompt":["\(Self.name)1"],"k":[[{"m":"\(Self.name)2"}]]},"image":"\(Self.name)64",
       "n":1,"t":true,"z":null,"\(Self.name)3":"x","prompts":"\(Self.name)5"}
      """
    let found = try OutputReferences.find(in: try input(text))
    #expect(found.map(\.member) == ["input.o.k[0][0].m", "input.image", "input.prompts"])
    #expect(found.map(\.reference.output) == [2, 64, 5])
    #expect(try OutputReferences.find(in: try input(#"{"prompt":"imagewire://x"}"#)) == [])
  }

  @Test("a field with a reference is not shown for a price, and is missing where it may decide it")
  func price() {
    let input = JSONObject([("prompt", "x"), ("image", .string("\(Self.name)1")), ("n", 2)])
    let priced = PricedInput(input, for: nil)
    #expect(priced.shown.members.map(\.name) == ["prompt", "n"] && priced.missing == ["image"])
  }

  @Test("a field whose address is not known cannot be compared with a history")
  func likeness() {
    let input = JSONObject([("prompt", "x"), ("image", .string("\(Self.name)1"))])
    let item = Likeness(of: JSONObject([("prompt", "x"), ("image", "https://cdn.example/1.png")]))
    #expect(Likeness(of: input, hasReferences: true).matches(item))
    #expect(!Likeness(of: input).couldHaveMade(item))
  }
}
