import JSON
import JSONRPC
import Predictions
import Testing

@testable import Service

@Suite("A prediction as clients see it")
struct PredictionEncodingTests {
  private struct StoppedClock: TimeSource {
    var now: Moment { Moment(steady: 0, wall: 0) }
  }

  private func service(maxMessageBytes: Int = 65_536) -> Service {
    Service(
      engine: .failure(.failed(message: "There is no table.", hint: nil)),
      host: .init(version: "0", configure: { _ in }, watch: { _ in }), time: StoppedClock(),
      maxMessageBytes: maxMessageBytes)
  }

  private func prediction(_ number: Int64 = 1, input: String = #"{"prompt":"a fox","seed":9007199254740993}"#)
    -> Prediction
  {
    Prediction(
      id: PredictionID(sequence: 1_795_437_296_789 << 12 | number, lowBits: 7), provider: "sandbox", model: "m",
      input: Array(input.utf8), metadata: Array(#"{"n":1.0}"#.utf8), tags: ["a"], idempotencyKey: "k", fingerprint: [1],
      account: "acc", outputDirectory: "/out")
  }

  /// The fields of schemas/protocol.md, "The prediction", in its order.
  @Test func theFieldsAreInTheOrderOfTheReference() throws {
    let json = try JSONValue(parsing: service().render(PredictionSnapshot(prediction(), resultURL: nil)))
    #expect(
      json.object?.members.map(\.name) == [
        "id", "model", "status", "outputs", "urls", "has_nsfw_contents", "created_at", "error", "timings", "provider",
        "remote_id", "input", "files", "billing", "cost", "failure", "idempotency_key", "tags", "metadata",
        "started_at",
        "finished_at", "revision",
      ])
    #expect(json["status"] == "created")
    #expect(json["created_at"] == "2026-11-23T12:34:56.789Z")
    #expect(json["timings"]?.text == #"{"inference":null,"queued":null,"total":null}"#)
    #expect(json["input"]?.text == #"{"prompt":"a fox","seed":9007199254740993}"#)
    #expect(json["metadata"]?.text == #"{"n":1.0}"#)
    #expect(json["urls"]?.text == "{}")
  }

  @Test func outputsAreHiddenUntilTheEnd() throws {
    var running = prediction()
    running.status = .processing
    running.phase = .fetching
    running.outputs = ["https://cdn/x.png"]
    running.hasNSFWContents = [false]
    let hidden = try JSONValue(parsing: service().render(PredictionSnapshot(running, resultURL: "https://r")))
    #expect(hidden["outputs"] == [])
    #expect(hidden["has_nsfw_contents"] == [])
    #expect(hidden["urls"]?["get"] == "https://r")
    running.status = .completed
    running.outputs.append("sandbox:2")
    running.revision += 1
    let shown = try JSONValue(parsing: service().render(PredictionSnapshot(running, resultURL: nil)))
    #expect(shown["outputs"] == ["https://cdn/x.png"])
    #expect(shown["has_nsfw_contents"] == [false])
  }

  @Test func aPreviewIsIncluded() throws {
    var running = prediction()
    running.status = .processing
    running.preview = Preview(path: "/p/x.png", mediaType: "image/png", bytes: 9, width: 2, height: nil, index: 1)
    let shown = try JSONValue(parsing: service().render(PredictionSnapshot(running, resultURL: nil)))
    #expect(
      shown["preview"]?.text
        == #"{"path":"/p/x.png","media_type":"image/png","bytes":9,"width":2,"height":null,"index":1}"#)
  }

  @Test func aNewRevisionIsEncodedAgain() throws {
    let service = service()
    var it = prediction()
    _ = service.render(PredictionSnapshot(it, resultURL: nil))
    it.status = .cancelled
    it.revision += 1
    #expect(try JSONValue(parsing: service.render(PredictionSnapshot(it, resultURL: nil)))["status"] == "cancelled")
  }

  @Test func anInputBeyondTheLimitIsLeftOutAndNamed() throws {
    let long = #"{"prompt":"\#(String(repeating: "\u{1F98A}", count: 20_000))"}"#
    let snapshot = PredictionSnapshot(prediction(input: long), resultURL: nil)
    let service = service()
    let bytes = service.render(snapshot)
    #expect(bytes.count < 65_536 - 1_200)
    let json = try JSONValue(parsing: bytes)
    #expect(json["omitted"] == ["input"])
    #expect(json["input"] == nil)
    let full = try JSONValue(parsing: service.render(snapshot, isFull: true))
    #expect(full["omitted"] == nil)
    #expect(full["input"]?["prompt"]?.string?.count == 20_000)
  }

  @Test func whatTheProviderSaidIsLeftOutWithTheInputAndInLists() throws {
    var it = prediction(input: #"{"prompt":"\#(String(repeating: "x", count: 60_000))"}"#)
    it.providerData = Array(#"{"revised_prompt":"\#(String(repeating: "y", count: 10_000))"}"#.utf8)
    let json = try JSONValue(parsing: service().render(PredictionSnapshot(it, resultURL: nil)))
    #expect(json["omitted"] == ["input", "provider_data"] && json["provider_data"] == nil)
    let full = try JSONValue(parsing: service().render(PredictionSnapshot(it, resultURL: nil), isFull: true))
    #expect(full["provider_data"]?["revised_prompt"]?.string?.count == 10_000)
    #expect(try JSONValue(parsing: PredictionSnapshot(it, resultURL: nil).listedJSON)["provider_data"] == nil)
  }

  @Test func listIsCutAtTheLimitAndContinues() throws {
    var page = ListPage(predictions: [], cursors: [], nextCursor: "end")
    for number in 0..<500 {
      var it = prediction(Int64(number))
      it.input = nil
      it.metadata = nil
      it.tags = (0..<32).map { "\($0)\(String(repeating: "t", count: 120))" }
      page.predictions.append(it)
      page.cursors.append("c\(number)")
    }
    let bytes = service().render(page)
    #expect(bytes.count <= 65_536)
    let json = try JSONValue(parsing: bytes)
    let shown = try #require(json["predictions"]?.array?.count)
    #expect(shown > 5)
    #expect(json["next_cursor"] == .string("c\(shown - 1)"))
    #expect(json["predictions"]?.array?.first?["input"] == nil)
    #expect(json["predictions"]?.array?.first?["metadata"] == nil)
  }

  @Test func aRequestBeyondTheLimitInFlightIsRetryable() throws {
    let refusal = service().refusal(requestsInFlight: 3)
    #expect(refusal.code == 1003)
    let data = try JSONValue(parsing: try #require(refusal.data))
    #expect(data == ["type": "queue_full", "retryable": true, "limit": 3])
  }

  @Test func waitNamesThePredictionsLeftOut() throws {
    let ids = (0..<1_000).map { prediction(Int64($0)).id }
    let snapshots = (0..<1_000).map { PredictionSnapshot(prediction(Int64($0)), resultURL: nil) }
    let bytes = service().render(WaitOutcome(isFulfilled: true, snapshots: snapshots), requested: ids)
    #expect(bytes.count <= 65_536)
    let json = try JSONValue(parsing: bytes)
    #expect(json["done"] == true)
    let shown = try #require(json["predictions"]?.array).map { $0["id"]! }
    let more = try #require(json["more"]?.array)
    #expect(shown + more == ids.map { .string($0.description) })
    #expect(!shown.isEmpty)
  }
}
