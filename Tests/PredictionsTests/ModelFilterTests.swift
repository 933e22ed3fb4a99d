import Testing

@testable import Predictions

@Suite("Which models a filter selects")
struct ModelFilterTests {
  private let brush = Model(id: "acme/brush", name: "Öl", kind: .image, description: "Paints foxes")

  @Test(
    "every word occurs somewhere, ignoring case",
    arguments: [
      ("", true), ("  ", true), ("BRUSH", true), ("öl", true), ("foxes acme", true), ("fox\tPAINTS", true),
      ("brush owl", false), ("acmebrush", false), ("e\nm", true),
    ])
  func words(search: String, isSelected: Bool) {
    #expect(ModelFilter(search: search).selects(brush) == isSelected)
  }

  @Test("words do not join two fields")
  func fields() {
    #expect(!ModelFilter(search: "brushöl").selects(brush))
    #expect(!ModelFilter(search: "a").selects(Model(id: "b")))
  }

  @Test("the kind is exact, and an unknown one is none")
  func kinds() {
    #expect(ModelFilter(kind: .image).selects(brush))
    #expect(!ModelFilter(kind: .video).selects(brush))
    #expect(!ModelFilter(kind: .other).selects(Model(id: "b")))
    #expect(ModelFilter().selects(Model(id: "b")))
  }
}
