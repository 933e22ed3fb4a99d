import Encoding
import JSON
import PredictionsTestSupport
import Testing
import Threads

@testable import Predictions

/// Files that an agent names: the bytes that it named are sent, or none.
@Suite("Files of agents")
struct AgentFilesTests {
  private func pin(_ paths: [String], in rig: Rig) throws -> Result<[String], PredictionEngine.FileRefusal> {
    let answer = Protected<Result<[String], PredictionEngine.FileRefusal>?>(nil)
    rig.engine.pin(paths) { result in answer.signal { $0 = result } }
    return try #require(answer.wait(atMost: 20_000) { $0 })
  }

  private func request(_ texts: [String]) -> PredictionRequest {
    var request = PredictionRequest(
      input: JSONObject([("prompt", "a"), ("images", .array(texts.map { .string($0) }))]))
    request.upload = true
    request.origin = .mcp
    request.agent = "fox"
    return request
  }

  private func submit(_ request: PredictionRequest, to rig: Rig) throws -> PredictionEngine.Accepted {
    let answer = Protected<Result<PredictionEngine.Accepted, SubmitError>?>(nil)
    try rig.engine.submit(request) { result in answer.signal { $0 = result } }
    rig.engine.settle()
    return try #require(answer.wait(atMost: 20_000) { $0 }).get()
  }

  @Test func theBytesThatWereNamedAreSent() throws {
    let rig = Rig()
    rig.inputs["/in/a.png"] = "bytes"
    let texts = try pin(["/in/a.png"], in: rig).get()
    #expect(texts == ["@/in/a.png#sha256=\(SHA256.hash(Array("bytes".utf8)).hexadecimal)&bytes=5"])
    let accepted = try submit(request(texts), to: rig).snapshot.prediction
    #expect(accepted.uploads == .awaited)
    #expect(try rig.result(accepted.id).status == .completed)
    #expect(
      rig.provider.state.withLock { $0.bodies } == [#"{"prompt":"a","images":["https://cdn.example/in/a.png"]}"#])
  }

  @Test(arguments: [
    ("/out/a.png", InputError.outside), ("/in/none.png", .unreadable(reason: "no such file or directory")),
    ("/in/large.png", .tooLarge(limit: 100)),
  ])
  func aFileThatMayNotGoIsRefused(path: String, error: InputError) throws {
    let rig = Rig()
    rig.inputs["/in/a.png"] = "bytes"
    rig.inputs["/out/a.png"] = "bytes"
    rig.inputs["/in/large.png"] = String(repeating: "x", count: 101)
    #expect(try pin(["/in/a.png", path], in: rig) == .failure(.file(path: path, error)))
    #expect(rig.journal.all == [])
  }

  @Test(arguments: [nil, "other", "byte5"] as [String?])
  func otherBytesAreNotSent(now: String?) throws {
    let rig = Rig()
    rig.inputs["/in/a.png"] = "bytes"
    let texts = try pin(["/in/a.png"], in: rig).get()
    rig.inputs["/in/b.png"] = "first"
    let both = try pin(["/in/b.png"], in: rig).get() + texts
    rig.provider.state.withLock { $0.uploadsHang = true }
    let accepted = try submit(request(both), to: rig).snapshot.prediction
    try rig.soon("the first is uploaded") { !rig.provider.state.withLock { $0.hangingUploads }.isEmpty }
    rig.inputs["/in/a.png"] = now
    rig.provider.state.withLock { $0.uploadsHang = false }
    rig.provider.state.withLock { $0.hangingUploads.removeFirst() }(.uploaded("https://cdn.example/once"))
    let done = try rig.result(accepted.id)
    #expect((done.status, done.billing, done.failure?.kind) == (.failed, .none, .invalidInput))
    #expect(done.failure?.message.contains("Nothing was sent and nothing is billed.") == true)
    #expect(rig.posts == [] && rig.journal.count("upload") == 1)
  }

  /// Words of the agent that look like files are no way around.
  @Test func onlyKnownContentsInAllowedDirectoriesAreAccepted() throws {
    let rig = Rig()
    rig.inputs["/in/a.png"] = "bytes"
    rig.inputs["/out/a.png"] = "bytes"
    let text = try #require(try pin(["/in/a.png"], in: rig).get().first)
    for forged in [
      "@/in/a.png", "@/out/a.png", text.replacing("/in/", with: "/out/"), text.replacing("bytes=5", with: "bytes=6"),
      "@/in/none.png",
    ] {
      #expect(throws: SubmitError.self, "\(forged)") { try submit(request([text, forged]), to: rig) }
    }
    #expect(rig.journal.all == [])
  }

  @Test func anEqualRequestIsToldByItsBytes() throws {
    let rig = Rig()
    rig.inputs["/in/a.png"] = "bytes"
    rig.inputs["/in/b.png"] = "bytes"
    func ask(_ path: String) throws -> PredictionEngine.Accepted {
      var request = request(try pin([path], in: rig).get())
      request.repeats = RepeatedRequest()
      return try submit(request, to: rig)
    }
    let first = try ask("/in/a.png")
    let again = try ask("/in/b.png")
    #expect(again.isRepeated && again.snapshot.prediction.id == first.snapshot.prediction.id)
    rig.inputs["/in/a.png"] = "other"
    #expect(try ask("/in/a.png").isNew)
  }

  @Test func outputsOfAnotherAccountAreNotSharedByAFile() {
    var request = request([])
    #expect(!request.sharesOutputs)
    request.origin = nil
    #expect(request.sharesOutputs)
    request.upload = false
    #expect(!request.sharesOutputs)
  }
}
