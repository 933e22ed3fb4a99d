import Encoding
import JSON
import PredictionsTestSupport
import Testing
import Threads

@testable import Predictions

/// Predictions whose input names outputs of others, in the engine.
@Suite("Chains")
struct ChainTests {
  private func request(
    _ target: PredictionID, _ output: Int = 1, prompt: String = "snow", upload: Bool = false
  ) -> PredictionRequest {
    var request = PredictionRequest(
      input: JSONObject([
        ("prompt", .string(prompt)), ("image", .string(OutputReference(target, output).text)),
      ]))
    request.upload = upload
    return request
  }

  @discardableResult
  private func submit(_ request: PredictionRequest, to rig: Rig) throws -> Prediction {
    let answer = Protected<Result<PredictionEngine.Accepted, SubmitError>?>(nil)
    try rig.engine.submit(request) { result in answer.signal { $0 = result } }
    rig.engine.settle()
    return try #require(answer.wait(atMost: 20_000) { $0 }).get().snapshot.prediction
  }

  private func refusal(_ request: PredictionRequest, by rig: Rig) -> SubmitError? {
    do {
      try submit(request, to: rig)
      return nil
    } catch {
      return error as? SubmitError
    }
  }

  private func bodies(_ rig: Rig) -> [String] { rig.provider.state.withLock { $0.bodies } }

  @Test("the address of a finished output is sent, and no words")
  func finished() throws {
    let rig = Rig()
    let a = try rig.submit()
    #expect(try rig.result(a.id).status == .completed)
    let b = try submit(request(a.id), to: rig)
    #expect(b.isChained && b.waitsFor == [] && b.cost == nil)
    let done = try rig.result(b.id)
    #expect(done.status == .completed && done.references == .done)
    #expect(bodies(rig).last == #"{"prompt":"snow","image":"https://cdn.example/1.png"}"#)
    #expect(done.sent.map { String(decoding: $0, as: UTF8.self) } == bodies(rig).last)
    #expect(rig.provider.state.withLock { $0.uploaded } == [])
  }

  @Test("it waits for a prediction in progress, shows it, and is sent once that one is completed")
  func unfinished() throws {
    let rig = Rig()
    rig.provider.state.withLock { $0.pollsHang = true }
    let a = try rig.submit()
    let b = try submit(request(a.id), to: rig)
    let c = try submit(request(b.id, prompt: "night"), to: rig)
    #expect(b.waitsFor == [a.id] && c.waitsFor == [b.id])
    try rig.eventually("the first is polled") { !rig.provider.state.withLock { $0.hangingPolls }.isEmpty }
    #expect(try rig.status(b.id).waitsFor == [a.id] && rig.posts == [a.id])
    rig.provider.state.withLock { $0.pollsHang = false }
    rig.provider.state.withLock { $0.hangingPolls.removeFirst() }(.answered(ScriptedProvider.finished(), after: nil))
    #expect(try rig.result(c.id).status == .completed)
    #expect(rig.posts == [a.id, b.id, c.id])
    #expect(bodies(rig).allSatisfy { !$0.contains("imagewire:") })
  }

  @Test("a target that fails ends the whole chain without a POST")
  func failing() throws {
    let rig = Rig()
    rig.provider.state.withLock { state in
      state.submits = [.hang]
    }
    let a = try rig.submit()
    try rig.eventually("it is sent") { rig.posts == [a.id] }
    let b = try submit(request(a.id), to: rig)
    let c = try submit(request(b.id), to: rig)
    rig.provider.reply(.refused(PredictionFailure(.contentRefused, retryable: false, message: "No."), pause: nil))
    let done = try rig.result(c.id)
    #expect(done.status == .failed && done.failure?.kind == .dependencyFailed && done.billing == .none)
    #expect(try rig.status(b.id).failure?.kind == .dependencyFailed)
    #expect(rig.posts == [a.id])
  }

  @Test("names that cannot be used are refused with their field before anything is stored")
  func refusals() throws {
    let rig = Rig()
    func path(_ request: PredictionRequest) -> String? {
      if case .invalid(let path, let message)? = refusal(request, by: rig), message.hasSuffix("Nothing was sent.") {
        path
      } else {
        nil
      }
    }
    let a = try rig.submit()
    #expect(try rig.result(a.id).status == .completed)
    let before = rig.journal.count("committed created")
    #expect(path(request(PredictionID(at: 1))) == "input.image")
    #expect(path(request(a.id, 2)) == "input.image")
    var misspelt = request(a.id)
    misspelt.input["image"] = .string("imagewire://predictions/\(a.id)/01")
    #expect(path(misspelt) == "input.image")
    var many = request(a.id)
    many.input["image"] = .array(Array(repeating: .string(OutputReference(a.id, 1).text), count: 65))
    #expect(path(many) == "input")
    // An agent names only what it made itself.
    var agents = request(a.id)
    (agents.origin, agents.agent) = (.mcp, "fox")
    #expect(path(agents) == "input.image")
    // Another account gets it only with consent.
    rig.table.state.withLock { $0.rows[a.id]?.account = "another" }
    #expect(path(request(a.id)) == "input.image")
    rig.table.state.withLock { $0.rows[a.id]?.status = .failed }
    #expect(path(request(a.id, upload: true)) == "input.image")
    #expect(rig.journal.count("committed created") == before)
  }

  @Test("a file of another account is uploaded with consent, once, if it is what was saved")
  func uploaded() throws {
    let rig = Rig()
    let a = try rig.submit()
    let file = try #require(try rig.result(a.id).files.first)
    rig.table.state.withLock { state in
      state.rows[a.id]?.account = "another"
      state.rows[a.id]?.files[0].sha256 = SHA256.hash(Array("bytes".utf8)).hexadecimal
      state.rows[a.id]?.files[0].bytes = 5
    }
    rig.inputs[file.path] = "bytes"
    for _ in 0..<2 {
      let b = try submit(request(a.id, upload: true), to: rig)
      #expect(try rig.result(b.id).status == .completed)
    }
    #expect(rig.provider.state.withLock { $0.uploaded.count } == 1)
    #expect(bodies(rig).last?.contains("https://cdn.example/in/") == true)
    rig.inputs[file.path] = "other"
    let changed = try submit(request(a.id, upload: true), to: rig)
    let done = try rig.result(changed.id)
    #expect(done.failure?.kind == .dependencyFailed && done.billing == .none && done.error.contains("was changed"))
    #expect(rig.posts.count == 3)
  }

  @Test("another process sees the end of a target in the table, and sends what waits for it")
  func processes() throws {
    let rig = Rig()
    rig.provider.state.withLock { $0.submits = [.hang] }
    let a = try rig.submit()
    try rig.eventually("it is sent") { rig.posts == [a.id] }
    let other = Rig(sharing: rig, owner: "other")
    let b = try submit(request(a.id), to: other)
    // The process that ends the target does not serve what waits for it.
    rig.engine.stop()
    rig.provider.reply(.accepted(remoteID: "r-1", result: ScriptedProvider.finished(), clockSkew: 0))
    #expect(try other.result(b.id).status == .completed)
    #expect(other.posts == [b.id] && rig.posts == [a.id])
  }

  @Test("a chain is cancelled with the prediction that it waits for")
  func cancelled() throws {
    let rig = Rig()
    rig.provider.state.withLock { $0.submits = [.hang] }
    let a = try rig.submit()
    try rig.eventually("it is sent") { rig.posts == [a.id] }
    let b = try submit(request(a.id), to: rig)
    let c = try submit(request(b.id), to: rig)
    let answer = Protected<Prediction?>(nil)
    rig.engine.cancel(b.id, deleteRemote: false, chain: true) { result in
      answer.signal { $0 = (try? result.get())?.prediction }
    }
    #expect(answer.wait(atMost: 20_000) { $0 }?.status == .cancelled)
    #expect(try rig.result(c.id).status == .cancelled)
    #expect(try rig.status(a.id).status == .processing)
  }

  @Test("what waits is awaited by a claim, not polled for: an idle engine has no alarm in the near future")
  func idle() throws {
    let rig = Rig()
    rig.provider.state.withLock { $0.submits = [.hang] }
    let a = try rig.submit()
    try rig.eventually("it is sent") { rig.posts == [a.id] }
    try submit(request(a.id), to: rig)
    #expect(rig.engine.state.withLock { $0.chains.areWaiting })
    try rig.soon("the claim found nothing") { !rig.engine.state.withLock { $0.scheduler.hasQueue } }
  }
}
