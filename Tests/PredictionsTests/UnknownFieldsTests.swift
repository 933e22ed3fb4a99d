import JSON
import Predictions
import Testing

/// Which fields of an input are refused, sent with a warning, or accepted.
@Suite("Unknown fields")
struct UnknownFieldsTests {
  private func find(_ input: String, root: String = "", common: Set<String> = []) throws -> (
    refused: [String], sent: [String]
  ) {
    let schema = #"{"properties":{"prompt":{},"size":{},"seed":{},"n":{}}\#(root)}"#
    let found = UnknownFields(
      in: try #require(try JSONValue(parsing: Array(input.utf8)).object),
      schema: try JSONValue(parsing: Array(schema.utf8)), model: "m", common: common)
    return (found.refused.map(\.path), found.sent.map(\.path))
  }

  @Test(
    "a misspelling of a field that is not given is refused",
    arguments: [#"{"siez":1}"#, #"{"sized":1}"#, #"{"Size":1}"#, #"{"sees":1}"#, #"{"sie":1,"seed":2}"#])
  func misspelt(input: String) throws {
    let found = try find(input)
    #expect(found.refused.count == 1 && found.sent.isEmpty)
  }

  @Test(
    "anything else is sent with a warning",
    arguments: [#"{"lighting":1}"#, #"{"siez":1,"size":2,"seed":3}"#, #"{"k":1}"#, #"{"sizes_all":1}"#])
  func odd(input: String) throws {
    let found = try find(input)
    #expect(found.refused.isEmpty && found.sent.count == 1)
  }

  @Test("listed and common fields, null and the prompt are accepted")
  func known() throws {
    let found = try find(#"{"size":1,"n":2,"enable_sync_mode":true,"siez":null}"#, common: ["enable_sync_mode"])
    #expect(found.refused.isEmpty && found.sent.isEmpty)
    let bare = UnknownFields(
      in: JSONObject([("prompt", "a"), ("x", 1)]), schema: ["properties": [:]], model: "m", common: [])
    #expect(bare == UnknownFields(in: JSONObject([]), schema: .null, model: "m", common: []))
  }

  @Test("a schema that forbids other fields refuses all of them")
  func closed() throws {
    #expect(try find(#"{"lighting":1,"siez":1}"#, root: #","additionalProperties":false"#).refused.count == 2)
  }

  @Test(
    "a schema that is open or composed refuses none, and warns of misspellings",
    arguments: [
      #","additionalProperties":true"#, #","additionalProperties":{}"#, #","$ref":"x""#, #","allOf":[]"#,
      #","anyOf":[]"#, #","oneOf":[]"#, #","patternProperties":{}"#, #","additionalProperties":false,"allOf":[{}]"#,
    ])
  func open(root: String) throws {
    let found = try find(#"{"lighting":1,"siez":1}"#, root: root)
    #expect(found.refused.isEmpty)
    #expect(found.sent == ["input.siez"])
  }

  @Test("the nearest field is suggested")
  func nearest() throws {
    let found = UnknownFields(
      in: JSONObject([("sizee", 1)]), schema: ["properties": ["sized_x": [:], "size": [:]]], model: "acme/painter",
      common: [])
    #expect(found.refused.map(\.message) == ["input.sizee is not a field of acme/painter (is size meant?)"])
  }

  @Test(
    "edit distance",
    arguments: [
      ("", "", 0), ("", "abc", 3), ("size", "size", 0), ("siez", "size", 2), ("kitten", "sitting", 3), ("é", "e", 1),
    ])
  func distance(left: String, right: String, edits: Int) {
    #expect(EditDistance.between(left, right) == edits)
    #expect(EditDistance.between(right, left) == edits)
  }
}

/// Whether the default model must be looked up, and which models are suggested in its place.
@Suite("Sightings of the default model")
struct ModelSightingTests {
  @Test("a sighting is valid for a day, for its model, and not before its time")
  func day() {
    let sighting = ModelSighting(model: "a/b", at: 1_000)
    #expect(sighting.holds(for: "a/b", at: 1_000))
    #expect(sighting.holds(for: "a/b", at: 86_400_999))
    #expect(!sighting.holds(for: "a/b", at: 86_401_000))
    #expect(!sighting.holds(for: "a/b", at: 999))
    #expect(!sighting.holds(for: "a/c", at: 1_000))
  }
}
