import JSON
import Testing

@testable import Predictions

@Suite("What an input lacks for a certain price")
struct PricedInputTests {
  private let model = Model(
    id: "m", pricedInputs: ["audio", "resolution", "n"],
    inputSchema: Array(
      #"{"properties":{"audio":{"type":"string"},"resolution":{"default":"480p"},"n":{"default":null}}}"#.utf8))

  private func priced(_ input: JSONValue, for model: Model?) -> PricedInput {
    PricedInput(input.object ?? JSONObject(), for: model)
  }

  @Test("a field is missing without a value and without a default")
  func missing() {
    #expect(priced(["prompt": "x"], for: model).missing == ["audio", "n"])
    #expect(priced(["audio": nil, "n": 0], for: model).missing == ["audio"])
    #expect(priced(["audio": "", "n": []], for: model).missing == ["audio", "n"])
    #expect(priced(["audio": "https://a.example/a.mp3", "n": false], for: model).missing == [])
  }

  @Test("a field with a local file is not shown, and missing where it may decide the price")
  func files() {
    let input: JSONValue = [
      "prompt": "@/x", "audio": "@/a.mp3", "images": ["https://a.example", "@/i.png"], "mask": ["image": "@/m.png"],
      "n": 1,
    ]
    #expect(priced(input, for: model).missing == ["audio"])
    #expect(priced(input, for: model).shown == (["prompt": "@/x", "n": 1] as JSONValue).object)
    #expect(priced(input, for: nil).missing == ["audio", "images", "mask"])
    #expect(priced(input, for: Model(id: "m")).missing == ["audio", "images", "mask"])
    let odd: JSONValue = ["a.b[0]": "@/a.png", "input.c": ["@/b.png"], "": "@/c.png"]
    #expect(priced(odd, for: nil).shown == JSONObject())
  }

  @Test("only a model that names its fields makes a price certain")
  func certainty() {
    #expect(priced([:], for: Model(id: "m", pricedInputs: [])).isKnown)
    #expect(!priced([:], for: Model(id: "m")).isKnown)
    #expect(!priced([:], for: nil).isKnown)
  }
}
