import JSON
import Predictions
import Testing

@Suite("The number of images that an input requests")
struct RequestedImagesTests {
  @Test(
    arguments: [
      ("{}", 1), (#"{"n":10}"#, 10), (#"{"n":0}"#, 1), (#"{"n":-3}"#, 1), (#"{"n":null}"#, 1), (#"{"n":"7"}"#, 7),
      (#"{"n":2.5}"#, 3), (#"{"n":1e300}"#, 1_000_000_000), (#"{"num_images":4,"n":2}"#, 4), (#"{"max_images":6}"#, 6),
      (#"{"n":[9]}"#, 1), (#"{"n":"nan"}"#, 1), (#"{"N":9}"#, 1),
    ])
  func count(input: String, count: Int64) throws {
    let value = try JSONValue(parsing: Array(input.utf8))
    #expect(RequestedImages.count(in: try #require(value.object)) == count)
  }
}
