import Encoding
import JSON
import Predictions
import Testing
import Threads

@testable import HTTP
@testable import HTTPTestSupport
@testable import Providers

/// The answers of the service to a submit and to a poll, and their outcomes.
@Suite struct WaveSpeedTests {
  private static let firstID = String(repeating: "0", count: 31) + "1"

  // MARK: - Submit

  @Test func aSubmitIsOnePOSTOfTheUnchangedInput() throws {
    let server = try Loopback(["date": "Mon, 23 Nov 2026 12:00:00 GMT"])
    let service = server.provider(key: " \(secret)\n", base: server.url + "/")
    let order = prediction()
    guard case .accepted(let id, .running, let skew?) = service.submit(order) else { throw Unexpected() }
    #expect(id == Self.firstID)
    #expect(abs(skew + wallMilliseconds() - 1_795_435_200_500) < 10_000)
    let posts = server.requests("submit")
    #expect(posts.count == 1)
    #expect(posts[0]["path"]?.string == "/api/v3/openai/gpt-image-1-high-fidelity")
    #expect(posts[0]["body"]?.string == order.input.map { String(decoding: $0, as: UTF8.self) })
    #expect(posts[0]["headers"]?["authorization"]?.string == "Bearer \(secret)")
    #expect(posts[0]["headers"]?["content-type"]?.string == "application/json")
    #expect(posts[0]["headers"]?["x-client-name"]?.string == "imagewire")
    #expect(posts[0]["headers"]?["x-client-os"]?.string == WaveSpeed.system)
  }

  /// In sync mode the reply comes when the outputs are there.
  @Test(
    arguments: [
      (#"{"prompt":"a"}"#, 70_000), (#"{"prompt":"a","enable_sync_mode":false}"#, 70_000),
      (#"{"prompt":"\"enable_sync_mode\":true"}"#, 70_000), (#"{"prompt":"a", "enable_sync_mode" : true}"#, 150_000),
    ] as [(String, Int64)])
  func theReplyMayTakeLongerInSyncMode(input: String, milliseconds: Int64) {
    #expect(WaveSpeed.replyLimit(of: Array(input.utf8)) == milliseconds)
  }

  /// Every answer with an id means that a prediction was made and paid for.
  @Test(arguments: ["normal", "bare", "sync_timeout", "error_with_id", "completed"])
  func anIDIsAlwaysTaken(shape: String) throws {
    let server = try Loopback(["submit": [.string(shape)]])
    guard case .accepted(Self.firstID, let result, _) = server.provider().submit(prediction()) else {
      throw Unexpected()
    }
    if shape == "completed" {
      guard case .completed(let outputs, [false], 25_098, nil) = result else { throw Unexpected() }
      #expect(outputs == [.location("\(server.outputURL)/output/\(Self.firstID).png")])
    } else {
      #expect(result == .running)
    }
    #expect(server.posts == 1)
  }

  @Test(arguments: [
    "drop", "reset", "lost_reply", "lost_reply_reset", "lost_reply_504", "500", "502", "503", "504", "408", "409",
    "425",
    "empty", "truncated", "short", "html", "no_id", "bad_id",
  ])
  func whatSaysNothingIsAmbiguous(fault: String) throws {
    let server = try Loopback(["submit": [.string(fault)]])
    let outcome = server.provider().submit(prediction())
    guard case .ambiguous = outcome else { throw Unexpected("\(outcome)") }
    #expect(server.posts == 1)
  }

  @Test(
    arguments: [
      ["do": "envelope", "code": 500, "message": "x"], ["do": "envelope", "code": 408, "message": "x"],
      ["do": "envelope", "code": 1401, "message": "x"], ["do": "envelope", "code": 302, "message": "x"],
      ["do": "reply", "body": "[1]"], ["do": "reply", "body": "null"], ["do": "reply", "json": ["data": ["id": 7]]],
      ["do": "reply", "status": 204, "body": ""], ["do": "reply", "status": 600, "body": "{}"],
    ] as [JSONValue])
  func oddAnswersAreAmbiguousToo(reply: JSONValue) throws {
    let server = try Loopback(["submit": [reply]])
    let outcome = server.provider().submit(prediction())
    guard case .ambiguous = outcome else { throw Unexpected("\(outcome)") }
    #expect(server.posts == 1)
  }

  /// Refusals, with the pause of the account.
  @Test(
    arguments: [
      ("400", PredictionFailure.Kind.invalidInput, nil), ("401", .authentication, 60_000),
      ("403", .authentication, 60_000),
      ("402", .insufficientCredit, 60_000), ("404", .modelUnavailable, nil), ("410", .modelUnavailable, nil),
      ("413", .invalidInput, nil), ("417", .invalidInput, nil), ("422", .invalidInput, nil),
      ("429", .rateLimited, 60_000),
      ("405", .invalidInput, nil), ("307", .remoteError, nil), ("302", .remoteError, nil), ("407", .network, nil),
    ] as [(String, PredictionFailure.Kind, Int64?)])
  func aRefusal(status: String, kind: PredictionFailure.Kind, pause: Int64?) throws {
    let server = try Loopback(["submit": [.string(status)]])
    guard case .refused(let failure, let paused) = server.provider().submit(prediction()) else { throw Unexpected() }
    #expect(failure.kind == kind)
    #expect(paused == pause)
    #expect(failure.hint != nil)
    #expect(failure.retryable == (status == "429" || status == "407"))
    if status == "404" || status == "400" { #expect(failure.hint?.contains("retired") == true) }
    if status == "404" { #expect(failure.message.contains("openai/gpt-image-1-high-fidelity")) }
    #expect(!"\(failure)".contains(secret))
    #expect(server.posts == 1)
  }

  @Test(arguments: [
    (400, "Insufficient credits.", PredictionFailure.Kind.insufficientCredit),
    (403, "Your balance is too low", .insufficientCredit),
    (400, "Please top up first", .insufficientCredit), (400, "Blocked by moderation", .contentRefused),
    (400, "model openai/x not found", .modelUnavailable), (400, "size must be 1024*1024", .invalidInput),
    (429, "Out of credits for this minute", .rateLimited), (403, "insufficient role", .authentication),
  ])
  func aRefusalByItsWords(code: Int, message: String, kind: PredictionFailure.Kind) throws {
    let server = try Loopback([
      "submit": [
        ["do": .string(String(code)), "message": .string(message)],
        ["do": "envelope", "code": .number(JSONNumber(code)), "message": .string(message)],
      ]
    ])
    for _ in 0..<2 {
      guard case .refused(let failure, _) = server.provider().submit(prediction()) else { throw Unexpected() }
      #expect(failure.kind == kind)
      #expect(failure.remoteCode == String(code))
    }
  }

  @Test(
    arguments: [
      ("2", 2_000), ("1.5", 1_500), ("-3", 1_000), ("0", 1_000), ("9999", 120_000), ("soon", 60_000),
      ("date", 30_000), ("Mon, 01 Jan 999999999 00:00:00 GMT", 60_000),
    ] as [(String, Int64)])
  func retryAfter(text: String, pause: Int64) throws {
    let server = try Loopback([
      "submit": ["429"], "date": "Mon, 23 Nov 2026 12:00:00 GMT",
      "retry_after": text == "date" ? "Mon, 23 Nov 2026 12:00:30 GMT" : .string(text),
    ])
    guard case .refused(_, pause) = server.provider().submit(prediction()) else { throw Unexpected() }
  }

  @Test func anUnsentRequestIsReportedAsUnsent() throws {
    let nobody = WaveSpeed(
      baseURL: "http://127.0.0.1:1", key: secret, account: "a", replies: NoReplies(), http: client(),
      files: WorkQueue(),
      replyQueue: WorkQueue(), clientVersion: "0",
      now: { 0 })
    guard case .unsent = nobody.submit(prediction()) else { throw Unexpected() }
    let server = try Loopback()
    guard case .unsent = server.provider().submit(prediction(), mayStart: false) else { throw Unexpected() }
    let secure = server.provider(base: "https://127.0.0.1:\(server.port)")
    guard case .unsent = secure.submit(prediction()) else { throw Unexpected() }
    #expect(server.posts == 0)
  }

  @Test(arguments: [
    "", "/", "a//b", "../balance", "a/../../balance", "a/b?webhook=http://evil", "a/b#c", "a/%2e%2e", "a b", "a/\u{e9}",
    "predictions/delete", "Predictions", "a\\b", "./a", "models",
  ])
  func aNameThatLeadsElsewhereIsNoModel(model: String) throws {
    let server = try Loopback()
    guard case .refused(let failure, nil) = server.provider().submit(prediction(model: model)) else {
      throw Unexpected()
    }
    #expect(failure.kind == .modelUnavailable)
    #expect(server.requests().isEmpty)
  }

  @Test(arguments: ["", "a\r\nHost: evil", "k\u{e9}y", "two words"])
  func aKeyThatIsNoneIsNotSent(key: String) throws {
    let server = try Loopback()
    guard case .refused(let failure, nil) = server.provider(key: key).submit(prediction()) else { throw Unexpected() }
    #expect(failure.kind == .authentication)
    #expect(server.requests().isEmpty)
  }

  // MARK: - Poll

  private func accepted(_ server: Loopback) throws -> Prediction {
    guard case .accepted(let id, _, _) = server.provider().submit(prediction()) else { throw Unexpected() }
    return prediction(remoteID: id)
  }

  @Test func aPollUntilItIsCompleted() throws {
    let server = try Loopback(["polls": 1])
    let order = try accepted(server)
    #expect(server.provider().poll(order) == .answered(.running, after: nil))
    guard case .answered(.completed(let outputs, let nsfw, let time, nil), nil) = server.provider().poll(order) else {
      throw Unexpected()
    }
    #expect(outputs == [.location("\(server.outputURL)/output/\(Self.firstID).png")])
    #expect(nsfw == [false])
    #expect(time == 25_098)
    #expect(
      server.requests("poll").map { $0["path"]?.string }
        == Array(repeating: "/api/v3/predictions/\(Self.firstID)/result", count: 2))
    #expect(server.provider().resultURL(for: Self.firstID) == "\(server.url)/api/v3/predictions/\(Self.firstID)/result")
    #expect(server.posts == 1)
  }

  @Test(arguments: ["bare", "nulls", "object_url", "base64", "data_uri"])
  func everyShapeOfOutput(shape: String) throws {
    let server = try Loopback(["polls": 0, "poll": [.string(shape)]])
    guard case .answered(.completed(let outputs, _, _, _), nil) = server.provider().poll(try accepted(server)) else {
      throw Unexpected()
    }
    switch outputs.first {
    case .location(let url): #expect(url == "\(server.outputURL)/output/\(Self.firstID).png")
    case .bytes(let bytes, _): #expect(ImageFormat(of: bytes) != nil)
    case nil: throw Unexpected()
    }
  }

  /// A value that is no file is kept as a text or as JSON.
  @Test(
    arguments: [
      (#"["a cat, sitting"]"#, [.bytes(Array("a cat, sitting".utf8), FormatHint(mediaType: "text/plain"))]),
      (#"["https://x/a b"]"#, [.bytes(Array("https://x/a b".utf8), FormatHint(mediaType: "text/plain"))]),
      (
        #"[0.5,{"a":[true]}]"#,
        [
          .bytes(Array("0.5".utf8), FormatHint(mediaType: "application/json")),
          .bytes(Array(#"{"a":[true]}"#.utf8), FormatHint(mediaType: "application/json")),
        ]
      ),
      (
        #"[{"image":{"url":"https://x/1.png"},"mask":["https://x/2.png"]},null]"#,
        [
          .location("https://x/1.png"), .location("https://x/2.png"),
        ]
      ),
      (
        #"[{"url":"https://x/1.png","thumbnail_url":"https://x/small.png","license":"https://x/"}]"#,
        [
          .location("https://x/1.png")
        ]
      ),
      (#"[" https://x/1.png\n"]"#, [.location("https://x/1.png")]),
      (#""https://x/1.mp4""#, [.location("https://x/1.mp4")]),
      (
        #"[[[[[["https://x/deep.png"]]]]]]"#,
        [
          .bytes(Array(#"[[[[["https://x/deep.png"]]]]]"#.utf8), FormatHint(mediaType: "application/json"))
        ]
      ),
      (#"["data:audio/wav;base64,UklGRg=="]"#, [.bytes(Array("RIFF".utf8), FormatHint(mediaType: "audio/wav"))]),
    ] as [(String, [RemoteOutput])])
  func everyValueIsKept(value: String, expected: [RemoteOutput]) throws {
    let value = try JSONValue(parsing: Array(value.utf8))
    let server = try Loopback(["polls": 0, "poll": [["do": "state", "status": "completed", "outputs": value]]])
    guard case .answered(.completed(let outputs, _, _, _), nil) = server.provider().poll(try accepted(server)) else {
      throw Unexpected()
    }
    #expect(outputs == expected)
  }

  @Test(arguments: [[], [.null], [""], [[]], .null, "", false, 0] as [JSONValue])
  func completedWithNothing(outputs: JSONValue) throws {
    let server = try Loopback(["poll": [["do": "state", "status": "completed", "outputs": outputs]]])
    guard case .answered(.failed(let failure, .unknown), nil) = server.provider().poll(try accepted(server)) else {
      throw Unexpected()
    }
    #expect(failure.kind == .remoteError)
    #expect(failure.message.contains(Self.firstID))
  }

  @Test(arguments: [
    ("failed", 1200, PredictionFailure.Kind.contentRefused, Billing.refunded),
    ("failed", 1400, .invalidInput, .refunded),
    ("failed", 1401, .invalidInput, .refunded), ("Failed", 1402, .invalidInput, .refunded),
    ("failed", 1403, .remoteError, .refunded), ("failed", 1405, .remoteError, .refunded),
    ("failed", 5000, .remoteError, .refunded),
    ("failed", 5003, .remoteError, .refunded), ("failed", 5004, .remoteTimeout, .refunded),
    ("failed", 0, .remoteError, .refunded),
    ("timeout", 0, .remoteTimeout, .refunded), ("CANCELLED", 0, .remoteError, .unknown),
    ("deleted", 0, .remoteError, .unknown),
  ])
  func aFailure(status: String, code: Int, kind: PredictionFailure.Kind, billing: Billing) throws {
    let server = try Loopback([
      "poll": [
        [
          "do": "state", "status": .string(status), "code": .number(JSONNumber(code)),
          "error": .string("It is \(secret) that went wrong."),
        ]
      ]
    ])
    guard case .answered(.failed(let failure, billing), nil) = server.provider().poll(try accepted(server)) else {
      throw Unexpected()
    }
    #expect(failure.kind == kind)
    #expect(failure.remoteCode == (code == 0 ? nil : String(code)))
    #expect(failure.message.contains("went wrong"))
    #expect(!"\(failure)".contains(secret))
    if code == 0, status == "failed" { #expect(failure.hint?.contains("retired") == true) }
  }

  @Test(arguments: ["created", "pending", "queued", "starting", "Processing", "dreaming", "", "succeeded"])
  func everyOtherWordIsNotFinished(status: String) throws {
    let server = try Loopback(["poll": [["do": "state", "status": .string(status)]]])
    #expect(server.provider().poll(try accepted(server)) == .answered(.running, after: nil))
  }

  @Test func membersOfOddTypesAreIgnored() throws {
    let odd: JSONValue = [
      "do": "state", "status": "COMPLETED",
      "outputs": ["", "https://cdn.example/x.png", nil, ["url": "https://cdn.example/y.png"]],
      "has_nsfw_contents": [true, false, true, false], "timings": "fast", "error": ["message": "none"],
      "created_at": 12,
      "model": nil, "code": "zero",
    ]
    let server = try Loopback(["poll": [odd]])
    let answer = server.provider().poll(try accepted(server))
    #expect(
      answer
        == .answered(
          .completed(
            outputs: [.location("https://cdn.example/x.png"), .location("https://cdn.example/y.png")],
            hasNSFWContents: [false, false], inferenceMilliseconds: nil), after: nil))
  }

  @Test(arguments: [
    "429", "500", "502", "503", "504", "408", "425", "html", "empty", "truncated", "short", "drop", "reset",
  ])
  func whatPassesIsTransient(fault: String) throws {
    // Twice: libcurl repeats a request on a dead connection.
    let server = try Loopback(["poll": [["do": .string(fault), "times": 2]], "retry_after": "2"])
    let outcome = server.provider().poll(try accepted(server))
    guard case .transient(let reason, let after, let isLimited) = outcome else { throw Unexpected("\(outcome)") }
    #expect(!reason.isEmpty)
    #expect(after == (["429", "500", "503", "408", "425"].contains(fault) ? 2_000 : nil))
    #expect(isLimited == (fault == "429"))
    #expect(server.posts == 1)
  }

  @Test(arguments: ["400", "401", "402", "403", "405", "407", "409", "422", "302", "307"])
  func whatSaysNoPauses(fault: String) throws {
    let server = try Loopback(["poll": [.string(fault)]])
    let outcome = server.provider().poll(try accepted(server))
    guard case .paused(let reason) = outcome else { throw Unexpected("\(outcome)") }
    #expect(!reason.contains(secret))
  }

  @Test func theEnvelopesCodeIsAStatus() throws {
    let server = try Loopback([
      "poll": [
        ["do": "envelope", "code": 403, "message": "insufficient role"],
        ["do": "envelope", "code": 404, "message": "gone"],
        ["do": "envelope", "code": 503, "message": "later"], ["do": "envelope", "code": 5003, "message": "later"],
      ]
    ])
    let order = try accepted(server)
    guard case .paused = server.provider().poll(order) else { throw Unexpected() }
    guard case .gone = server.provider().poll(order) else { throw Unexpected() }
    guard case .transient = server.provider().poll(order) else { throw Unexpected() }
    guard case .transient = server.provider().poll(order) else { throw Unexpected() }
  }

  @Test func onlyTheServiceItselfSaysGone() throws {
    let server = try Loopback([
      "poll": [
        "404", "410", ["do": "reply", "status": 404, "body": "<html>"],
        ["do": "reply", "status": 404, "json": ["message": "no Route"]],
      ]
    ])
    let order = try accepted(server)
    guard case .gone = server.provider().poll(order) else { throw Unexpected() }
    guard case .gone = server.provider().poll(order) else { throw Unexpected() }
    guard case .paused = server.provider().poll(order) else { throw Unexpected() }
    guard case .paused = server.provider().poll(order) else { throw Unexpected() }
  }

  @Test func anotherPredictionsAnswerIsNotTrusted() throws {
    let server = try Loopback(["poll": [["do": "state", "id": "another-prediction", "status": "failed"]]])
    guard case .transient = server.provider().poll(try accepted(server)) else { throw Unexpected() }
    guard case .paused = server.provider().poll(prediction(remoteID: "../../balance")) else { throw Unexpected() }
    guard case .paused = server.provider().poll(prediction()) else { throw Unexpected() }
    let secure = server.provider(base: "https://127.0.0.1:\(server.port)")
    guard case .paused = secure.poll(prediction(remoteID: "abc")) else { throw Unexpected() }
    #expect(server.requests("poll").count == 1)
  }

  @Test func thePace() {
    func service(_ base: String) -> WaveSpeed {
      WaveSpeed(
        baseURL: base, key: "", account: "a", replies: NoReplies(), http: client(), files: WorkQueue(),
        replyQueue: WorkQueue(), clientVersion: "0", now: { 0 })
    }
    #expect(service("http://127.0.0.1:8080").pace == .near)
    #expect(service("http://localhost").pace == .near)
    #expect(service("http://[::1]:1/").pace == .near)
    #expect(service(WaveSpeed.defaultBaseURL).pace == .remote)
    #expect(service("http://10.0.0.1").pace == .remote)
    #expect(service("http://localhost.evil.com").pace == .remote)
    #expect(service("http://127.0.0.1@evil.com").pace == .remote)
  }
}

struct Unexpected: Error {
  var text = ""

  init(_ text: String = "") { self.text = text }
}

@Suite struct WaveSpeedBillsTests {
  @Test func chargesLessRefundsOfWhatWasAskedFor() throws {
    let items = try JSONValue(
      parsing: #"""
        [{"billing_type":"deduct","price":0.05,"prediction":{"uuid":"a"}},{"billing_type":"refund","price":0.05,"prediction":{"uuid":"a"}},
         {"billing_type":"deduct","price":0.167,"prediction":{"uuid":"b"}},{"price":1,"prediction":{"uuid":"other"}},
         {"price":"1","prediction":{"uuid":"b"}},{"price":2},{"price":-1,"prediction":{"uuid":"b"}},7,
         {"billing_type":"refund","price":3,"prediction":{"uuid":"c"}}]
        """#)
    #expect(WaveSpeed.bills(in: items.array ?? [], of: ["a", "b", "c", "d"]) == ["a": 0, "b": 167_000, "c": 0])
  }
}
