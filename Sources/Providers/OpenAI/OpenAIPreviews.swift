internal import HTTP
internal import JSON
internal import Predictions

/// Finds the partial images of a reply while it arrives. `OpenAIResponse` parses the reply when it is complete; nothing
/// here affects its outcome.
struct OpenAIPreviews: Sendable {
  /// Enough for an image of 12 MB. While an event is parsed there are about five copies of it in memory.
  static let eventBytes = 16 << 20
  /// The most partial images of a reply. OpenAI sends three at most.
  static let imageCount = 32

  private var events: EventStream
  private let limit: Int
  /// The number of partial images, readable or not.
  private(set) var count = 0
  private var isOver = false

  init(limit: Int = Self.eventBytes) {
    self.limit = limit
    events = EventStream(limit: limit)
  }

  /// Takes the next bytes, cut anywhere, and returns the partial images that they complete.
  mutating func append(_ bytes: borrowing Span<UInt8>) -> [PartialImage] {
    guard !isOver else { return [] }
    var found: [PartialImage] = []
    for event in events.append(bytes) where !isOver {
      if let image = image(in: event) { found.append(image) }
    }
    return found
  }

  private mutating func image(in event: EventStream.Event) -> PartialImage? {
    // Most servers name their events, so that the final image need not be parsed here.
    if event.name.hasSuffix(OpenAIDialect.lastEvent) { end() }
    guard !isOver, event.name.isEmpty || event.name.hasSuffix(OpenAIDialect.draftEvent) else { return nil }
    if event.isTooLong {
      guard event.name.hasSuffix(OpenAIDialect.draftEvent) else { return nil }
      return counted(.unreadable(reason: "it is longer than \(limit) bytes"))
    }
    guard let object = (try? JSONValue(parsing: event.data))?.object else {
      return event.name.isEmpty ? nil : counted(.unreadable(reason: "its event is not JSON"))
    }
    let type = object["type"]?.string ?? event.name
    // Partial images behind the final one are ignored.
    if type.hasSuffix(OpenAIDialect.lastEvent) { end() }
    guard type.hasSuffix(OpenAIDialect.draftEvent) else { return nil }
    let index = object["partial_image_index"]?.int64.flatMap { Int32(exactly: $0) }.map(Int.init) ?? count
    guard case .bytes(let bytes, _)? = OpenAIResponse.output(.object(object)) else {
      return counted(.unreadable(reason: "it is not base64"))
    }
    return counted(.picture(bytes, index: max(0, index)))
  }

  private mutating func counted(_ image: PartialImage) -> PartialImage {
    count += 1
    if count == Self.imageCount { end() }
    return image
  }

  private mutating func end() {
    isOver = true
    events = EventStream(limit: limit)
  }
}
