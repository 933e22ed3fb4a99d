import Testing

@testable import Predictions

@Suite struct SentencesTests {
  @Test("texts are joined with one full stop each")
  func joined() {
    #expect(sentences("One.", nil, "two . ", "", "Three?") == "One. two. Three?")
  }

  @Test("a number goes with its noun, in the singular only for 1")
  func numbers() {
    #expect([0, 1, 2, -1].map { counted($0, "image") } == ["0 images", "1 image", "2 images", "-1 images"])
  }

  @Test("alternatives are joined with commas and one or")
  func choices() {
    #expect([[], ["a"], ["a", "b"], ["a", "b", "c"]].map(alternatives) == ["", "a", "a or b", "a, b or c"])
  }
}
