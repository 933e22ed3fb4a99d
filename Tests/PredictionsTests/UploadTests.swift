import JSON
import PredictionsTestSupport
import Testing
import Threads

@testable import Predictions

/// Uploads come before the claim, and the claim only after all of them.
@Suite("Uploads")
struct UploadTests {
  private func request(_ input: String, upload: Bool = true, key: String? = nil) throws -> PredictionRequest {
    var request = PredictionRequest(input: try #require(try JSONValue(parsing: input).object))
    request.upload = upload
    request.idempotencyKey = key
    return request
  }

  private func submit(_ request: PredictionRequest, to rig: Rig) throws -> Prediction {
    let answer = Protected<Result<PredictionEngine.Accepted, SubmitError>?>(nil)
    try rig.engine.submit(request) { result in answer.signal { $0 = result } }
    rig.engine.settle()
    return try #require(answer.wait(atMost: 20_000) { $0 }).get().snapshot.prediction
  }

  private static let withPicture = #"{"prompt":"a","image":"@/in/a.png"}"#

  @Test func theRecordThenTheUploadThenTheClaimThenThePOST() throws {
    let rig = Rig()
    rig.inputs["/in/a.png"] = "bytes"
    let accepted = try submit(try request(Self.withPicture), to: rig)
    #expect(accepted.uploads == .awaited)
    let done = try rig.result(accepted.id)
    #expect(done.status == .completed)
    #expect(done.input.map { String(decoding: $0, as: UTF8.self) } == Self.withPicture)
    let order = rig.journal.all.filter { ["committed created", "upload", "committed claimed", "POST"].contains($0) }
    #expect(order == ["committed created", "upload", "committed claimed", "POST"])
    #expect(
      rig.provider.state.withLock { $0.bodies } == [#"{"prompt":"a","image":"https://cdn.example/in/a.png"}"#])
  }

  @Test func withoutConsentNoFileIsOpened() throws {
    let rig = Rig()
    rig.inputs["/in/a.png"] = "bytes"
    let accepted = try submit(try request(Self.withPicture, upload: false), to: rig)
    #expect(try rig.result(accepted.id).status == .completed)
    #expect(rig.inputs.opened == [])
    #expect(rig.provider.state.withLock { $0.uploaded } == [])
    #expect(rig.provider.state.withLock { $0.bodies } == [Self.withPicture])
  }

  @Test func unusableFilesAreRefusedBeforeTheRecord() throws {
    let rig = Rig()
    #expect(throws: SubmitError.self) { try submit(try request(Self.withPicture), to: rig) }
    rig.inputs["/in/a.png"] = String(repeating: "x", count: 101)
    #expect(throws: SubmitError.self) { try submit(try request(Self.withPicture), to: rig) }
    #expect(rig.journal.all == [])
  }

  @Test func anUploadIsTriedAFewTimesAndThenFailsWithoutCost() throws {
    let rig = Rig()
    rig.inputs["/in/a.png"] = "bytes"
    let failure = PredictionFailure(.network, retryable: true, message: "No network.")
    rig.provider.state.withLock { $0.uploads = Array(repeating: .transient(failure, after: nil), count: 9) }
    let accepted = try submit(try request(Self.withPicture), to: rig)
    let done = try rig.result(accepted.id)
    #expect((done.status, done.billing, done.failure?.kind) == (.failed, .none, .network))
    #expect(rig.journal.count("upload") == 3)
    #expect(rig.posts == [])
    // The next prediction is not affected.
    rig.provider.state.withLock { $0.uploads = [] }
    let next = try submit(try request(Self.withPicture), to: rig)
    #expect(try rig.result(next.id).status == .completed)
  }

  @Test func otherPredictionsAreSentDuringAnUploadAndTheNextUploadWaits() throws {
    let rig = Rig()
    rig.inputs["/in/a.png"] = "bytes"
    rig.provider.state.withLock { $0.uploadsHang = true }
    let first = try submit(try request(Self.withPicture), to: rig)
    let second = try submit(try request(#"{"prompt":"b","image":"@/in/a.png"}"#), to: rig)
    try rig.soon("the upload is in progress") { !rig.provider.state.withLock { $0.hangingUploads }.isEmpty }
    let plain = try rig.submit("plain")
    #expect(try rig.result(plain.id).status == .completed)
    #expect(rig.journal.count("upload") == 1)
    rig.provider.state.withLock { $0.uploadsHang = false }
    rig.provider.state.withLock { $0.hangingUploads.removeFirst() }(.uploaded("https://cdn.example/once"))
    #expect(try rig.result(first.id).status == .completed)
    #expect(try rig.result(second.id).status == .completed)
    // The same bytes: the address of the first upload is used.
    #expect(rig.journal.count("upload") == 1)
    #expect(rig.posts == [plain.id, first.id, second.id])
  }

  @Test func cancelledDuringTheUpload() throws {
    let rig = Rig()
    rig.inputs["/in/a.png"] = "bytes"
    rig.provider.state.withLock { $0.uploadsHang = true }
    let first = try submit(try request(Self.withPicture), to: rig)
    try rig.soon("the upload is in progress") { !rig.provider.state.withLock { $0.hangingUploads }.isEmpty }
    let done = try rig.cancel(first.id)
    #expect((done.status, done.billing) == (.cancelled, .none))
    rig.provider.state.withLock { $0.uploadsHang = false }
    rig.provider.state.withLock { $0.hangingUploads.removeFirst() }(.uploaded("https://cdn.example/once"))
    let next = try submit(try request(Self.withPicture), to: rig)
    #expect(try rig.result(next.id).status == .completed)
    #expect(rig.posts == [next.id])
    #expect(try rig.row(first.id).status == .cancelled)
  }

  /// An upload ends while a claim is in progress that began before: neither is lost.
  @Test func anUploadThatEndsDuringAClaim() throws {
    let rig = Rig()
    rig.inputs["/in/a.png"] = "bytes"
    // An upload without a stored address, so that its end does not wait for the store.
    rig.provider.state.withLock { state in
      state.uploadsHang = true
      state.lifetime = nil
    }
    let first = try submit(try request(Self.withPicture), to: rig)
    try rig.soon("the upload is in progress") { !rig.provider.state.withLock { $0.hangingUploads }.isEmpty }
    try rig.soon("no claim is in progress") { !rig.engine.state.withLock { $0.scheduler.isClaiming } }
    rig.table.hold(.claim)
    rig.engine.react(.queued(account: "account"))
    rig.provider.state.withLock { $0.hangingUploads.removeFirst() }(.uploaded("https://cdn.example/once"))
    try rig.soon("it is ready") { rig.engine.state.withLock { $0.uploads.input(of: first.id) != nil } }
    rig.table.release(.claim)
    #expect(try rig.result(first.id).status == .completed)
    #expect(rig.posts == [first.id])
  }

  /// Two processes may upload the same files; the claim decides which one sends the prediction.
  @Test func twoProcesses() throws {
    let rig = Rig()
    rig.inputs["/in/a.png"] = "bytes"
    rig.provider.state.withLock { $0.uploadsHang = true }
    let first = try submit(try request(Self.withPicture), to: rig)
    try rig.soon("the upload is in progress") { !rig.provider.state.withLock { $0.hangingUploads }.isEmpty }
    let other = Rig(sharing: rig, owner: "other")
    other.inputs["/in/a.png"] = "bytes"
    #expect(try other.result(first.id).status == .completed)
    rig.provider.state.withLock { $0.hangingUploads.removeFirst() }(.uploaded("https://cdn.example/once"))
    try rig.soon("nothing is left to send") { !rig.engine.state.withLock { $0.scheduler.isUploading } }
    #expect(try rig.result(first.id).status == .completed)
    #expect(rig.posts == [] && other.posts == [first.id])
  }
}
