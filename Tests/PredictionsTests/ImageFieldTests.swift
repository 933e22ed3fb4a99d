import JSON
import Testing

@testable import Predictions

@Suite("The field of a model that takes images")
struct ImageFieldTests {
  private func field(_ properties: String, required: String = "") throws -> String? {
    let schema = try JSONValue(parsing: #"{"properties":{\#(properties)},"required":[\#(required)]}"#)
    return ImageField(schema: schema).map { $0.isList ? "\($0.name)[]" : $0.name }
  }

  @Test(arguments: [
    (#""image":{"type":"string"}"#, "image"),
    (
      #""prompt":{"type":"string"},"images":{"type":"array","items":{"type":"string"}},"image":{"type":"string"}"#,
      "images[]"
    ),
    (#""image":{"type":["string","null"]}"#, "image"), (#""image":{}"#, "image"),
    (#""reference_image_urls":{"type":"array"}"#, "reference_image_urls[]"),
    (#""mask_image":{"type":"string"},"end_image":{"type":"string"},"first-image":{"type":"string"}"#, "first-image"),
    (#""image_size":{"type":"string"},"num_images":{"type":"integer"},"image":{"type":"object"}"#, nil),
    (#""images":{"type":"array","items":{"type":"object"}}"#, nil),
    (#""image_style":{"type":"string"},"negative_image_prompt":{"type":"string"},"image_strength":{}"#, nil),
    (#""image":{"enum":["a"],"type":"string"}"#, nil), (#""imagery":{"type":"string"}"#, nil), ("", nil),
  ])
  func fields(properties: String, expected: String?) throws {
    #expect(try field(properties) == expected)
  }

  @Test("a required field before others")
  func required() throws {
    let properties = #""style_image":{"type":"string"},"person_image":{"type":"string"}"#
    #expect(try field(properties) == "style_image")
    #expect(try field(properties, required: #""person_image""#) == "person_image")
  }
}
