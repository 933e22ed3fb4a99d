import Encoding
import JSON
import Predictions
import Testing
import Threads

@testable import HTTP
@testable import HTTPTestSupport
@testable import Providers

/// The pure parts: reading replies and writing requests. The rest is in test_openai.py.
@Suite struct OpenAIPreviewsTests {
  private static func event(_ type: String, _ members: String, isNamed: Bool = true) -> String {
    "\(isNamed ? "event: \(type)\n" : "")data: {\"type\":\"\(type)\",\(members)}\n\n"
  }

  private static let text =
    ": welcome\r\n\r\n" + event("image_generation.partial_image", #""b64_json":"AQID","partial_image_index":0"#)
    + event("image_edit.partial_image", #""b64_json":"data:image/png;base64,BAU=","partial_image_index":7"#)
    + event("image_generation.partial_image", #""b64_json":"Bg=="}"#.replacing("}", with: ""), isNamed: false)
    + event("image_generation.partial_image", #""b64_json":"no base64""#)
    + "event: image_generation.partial_image\ndata: {\n\n" + "data: [DONE]\n\n"
    + event("image_generation.partial_image", #""b64_json":"CA==","partial_image_index":-1"#)
    + event("image_generation.partial_image", #""b64_json":"\#(String(repeating: "A", count: 400))""#)
    + event("image_generation.completed", #""b64_json":"BwcH""#)
    + event("image_generation.partial_image", #""b64_json":"CQ==""#)

  @Test func partialImagesAreFoundHoweverTheReplyIsCut() {
    let bytes = Array(Self.text.utf8)
    for first in 0...bytes.count {
      var previews = OpenAIPreviews(limit: 300)
      var found = previews.append(Array(bytes[..<first]).span)
      for byte in bytes[first...] { found += previews.append([byte].span) }
      // Events behind the final image are ignored.
      #expect(
        found == [
          .picture([1, 2, 3], index: 0), .picture([4, 5], index: 7), .picture([6], index: 2),
          .unreadable(reason: "it is not base64"), .unreadable(reason: "its event is not JSON"),
          .picture([8], index: 0), .unreadable(reason: "it is longer than 300 bytes"),
        ])
      #expect(previews.count == 7)
    }
  }

  @Test(arguments: [#"{"data":[{"b64_json":"AQID"}]}"#, "<html>\n\n", "data: 7\n\n", "data: {}\n\n"])
  func otherRepliesHaveNone(text: String) {
    var previews = OpenAIPreviews()
    #expect(previews.append(Array(text.utf8).span).isEmpty)
    #expect(previews.count == 0)
  }

  @Test func partialImagesBeyondTheLimitAreIgnored() {
    var previews = OpenAIPreviews()
    let event = Array(Self.event("image_generation.partial_image", #""b64_json":"AQID""#).utf8)
    let found = (0..<100).flatMap { _ in previews.append(event.span) }
    #expect(found.count == OpenAIPreviews.imageCount)
  }
}

@Suite struct OpenAIAnswerTests {
  private func answer(_ text: String) -> OpenAIResponse { OpenAIResponse(Array(text.utf8)) }

  @Test func imagesAreReadInEachOfTheirForms() {
    let answer = answer(
      #"{"data":[{"b64_json":"AQID"},{"url":"https://x/1.png"},{"url":"data:image/png;base64,BAU="},{"url":"ftp://x"},{},7]}"#
    )
    #expect(
      answer.outputs == [
        .bytes([1, 2, 3]), .location("https://x/1.png"), .bytes([4, 5], FormatHint(mediaType: "image/png")),
        // What was paid for beside a readable image is kept as it is.
        .bytes(Array(#"{"url":"ftp://x"}"#.utf8), FormatHint(mediaType: "application/json")),
        .bytes(Array("7".utf8), FormatHint(mediaType: "application/json")),
      ])
    #expect(!answer.hasNone)
  }

  /// The PNG signature.
  private static let picture = "iVBORw0KGgo="

  @Test(arguments: [
    #"{"images":["\#(picture)"]}"#, #"{"images":[{"b64_json":"\#(picture)"}]}"#, #"["\#(picture)"]"#,
    #"[{"b64_json":"\#(picture)"}]"#, #"{"data":{"b64_json":"\#(picture)"}}"#, #"{"data":{"images":["\#(picture)"]}}"#,
    #"{"data":null,"images":["\#(picture)"]}"#, #"{"data":"\#(picture)"}"#, #"{"b64_json":"\#(picture)"}"#,
    #"{"data":["\#(picture)"]}"#, #""\#(picture)""#, #"{"data":[{"b64_json":"iVBO\r\nRw0K\r\nGgo"}]}"#,
    #"{"data":[{"b64_json":"iVBORw0KGgo"}]}"#, #"{"images":["iVBO\nRw0KGgo=\n"]}"#,
    "data: {\"type\":\"image_generation.completed\",\"b64_json\":\"iVBO\\nRw0KGgo\"}\n\n",
  ])
  func imagesAreFoundInEachPlace(text: String) {
    #expect(answer(text).outputs == [.bytes(ImageFormat.pngSignature)])
  }

  @Test func aDataURIAndLettersForURLsAreForgiven() {
    #expect(answer(#"{"data":[{"b64_json":"Pz8_-A"}]}"#).outputs == [.bytes([0x3F, 0x3F, 0x3F, 0xF8])])
    let uri = answer(#"{"images":["data:image/webp;base64,AQ\nID"]}"#)
    #expect(uri.outputs == [.bytes([1, 2, 3], FormatHint(mediaType: "image/webp"))])
  }

  @Test(arguments: [
    ImageFormat.pngSignature + [0, 1], Array("<svg xmlns='http://www.w3.org/2000/svg'/>".utf8),
    [0x42, 0x00, 0x01, 0xFF],
    Array("RIFF....WEBPVP8 ".utf8) + [0x00], [0x50, 0x4B, 0x03, 0x04, 0x00],
  ])
  func theFileItselfIsTheImage(body: [UInt8]) {
    #expect(OpenAIResponse(body).outputs == [.bytes(body)])
  }

  @Test(arguments: [
    "", "null", "[]", "{}", "7", "<html>", #"{"message":"welcome"}"#, "data: [DONE]\n\n", "BM was here", "no JSON",
    #"{"data":[{"job":"7"}]}"#, #"{"data":[{"b64_json":"no base64"}]}"#, #"{"id":"job-7","status":"queued"}"#,
    #"{"data":[{"url":"relative"}]}"#, #"{"data":[{"url":"an image.png"}]}"#,
    #"{"data":[{"url":"file:///etc/a.png"}]}"#,
    #"{"data":[{"url":"C:\\a.png"}]}"#, #"{"images":["/relative.png"]}"#, #"{"images":["abcd"]}"#, #"["a","b"]"#,
    #"{"detail":"welcome"}"#,
    "data: {\"type\":\"image_generation.completed\",\"b64_json\":\"*\"}\n\n", "{\"data\":[{\"b64_json\":\"AQID\"",
  ])
  func whatHoldsNoImageAndDoesNotSaySoIsNotUnderstood(text: String) {
    #expect(!answer(text).hasNone)
    #expect(answer(text).outputs.isEmpty)
  }

  @Test(arguments: [
    #"{"data":[]}"#, #"{"images":[]}"#, #"{"data":[],"error":null}"#, #"{"error":{"message":"no"}}"#,
    "event: error\ndata: {\"type\":\"error\",\"error\":{\"message\":\"it broke\"}}\n\n",
  ])
  func anErrorOrAnEmptyListSaysThatThereIsNone(text: String) {
    #expect(answer(text).hasNone)
    #expect(answer(text).outputs.isEmpty)
  }

  @Test(arguments: ["/v1/images/7/content?variant=1", "/root/.xinference/image/7.jpg", "1.png", "out/1.webp", "//h/1"])
  func aReferenceIsALocation(url: String) {
    #expect(answer(#"{"data":[{"url":"\#(url)"}]}"#).outputs == [.location(url)])
  }

  @Test func finishedImagesOfArksStreamAreOutputs() {
    let event = { (type: String, members: String) in "event: \(type)\ndata: {\"type\":\"\(type)\",\(members)}\n\n" }
    let first = event("image_generation.partial_succeeded", #""image_index":0,"url":"https://x/1.jpg","size":"1x1""#)
    let failed = event("image_generation.partial_failed", #""image_index":1,"error":{"code":"c","message":"m"}"#)
    let last = event("image_generation.partial_succeeded", #""image_index":2,"b64_json":"AQID""#)
    let end = event("image_generation.completed", #""usage":{"generated_images":2}"#) + "data: [DONE]\n\n"
    let both = answer(first + failed + last + end)
    #expect(both.outputs == [.location("https://x/1.jpg"), .bytes([1, 2, 3])] && !both.hasNone)
    #expect(both.providerData.map { String(decoding: $0, as: UTF8.self) } == #"{"usage":{"generated_images":2}}"#)
    let none = answer(failed + end)
    #expect(none.outputs.isEmpty && none.hasNone && none.error?.code == "c")
  }

  @Test func refusalsInThePlaceOfEveryImageAreAnError() {
    let ark = answer(#"{"data":[{"error":{"code":"OutputImageSensitiveContentDetected","message":"m"}}]}"#)
    #expect(ark.hasNone && ark.error?.code == "OutputImageSensitiveContentDetected" && ark.error?.message == "m")
    let xai = answer(#"{"data":[{"respect_moderation":false,"url":""}]}"#)
    #expect(xai.hasNone && xai.error?.marks == ["moderation"])
    let gemini = answer(#"[{"error":{"code":400,"message":"m","status":"INVALID_ARGUMENT"}}]"#)
    #expect(gemini.hasNone && gemini.error?.message == "m")
    // One image came: the others do not count.
    let one = answer(#"{"data":[{"error":{"code":"c","message":"m"}},{"b64_json":"AQID"}]}"#)
    #expect(!one.hasNone && one.outputs.count == 2)
  }

  @Test func partialImagesAreNotOutputs() {
    let draft = #"data: {"type":"image_generation.partial_image","b64_json":"AQID"}"# + "\n\n"
    #expect(answer(draft).outputs.isEmpty)
    let whole = draft + #"data: {"type":"image_edit.completed","b64_json":"BAU="}"# + "\n\n"
    #expect(answer(whole).outputs == [.bytes([4, 5])])
  }

  @Test(
    arguments: [
      (#"{"error":{"message":"m","type":"t","code":"c","param":"p"}}"#, "m", "c", "p"),
      (#"{"error":{"message":"m","code":42}}"#, "m", "42", nil), (#"{"error":"m"}"#, "m", nil, nil),
      (#"{"detail":"m"}"#, "m", nil, nil),
      (#"{"detail":[{"loc":["body","size"],"msg":"m"}]}"#, "m", nil, "size"), (#"{"message":"m"}"#, "m", nil, nil),
      // xAI, stable-diffusion.cpp, DeepInfra, KoboldCpp, Gemini, LocalAI, Ark.
      (#"{"code":"c","error":"m"}"#, "m", "c", nil), (#"{"error":"server_error","message":"m"}"#, "m", nil, nil),
      (#"{"detail":{"error":"m"}}"#, "m", nil, nil), (#"{"detail":{"msg":"m","type":"t"}}"#, "m", nil, nil),
      (#"[{"error":{"code":400,"message":"m","status":"INVALID_ARGUMENT"}}]"#, "m", "400", nil),
      (#"{"error":{"code":500,"message":"m","type":""}}"#, "m", "500", nil),
      (#"{"error":{"code":"c","message":"m","param":"p","type":"BadRequest"}}"#, "m", "c", "p"),
    ] as [(String, String, String?, String?)])
  func errorsOfSeveralServers(text: String, message: String, code: String?, parameter: String?) {
    let problem = OpenAIResponse.error(in: Array(text.utf8))
    #expect(problem?.message == message)
    #expect(problem?.code == code)
    #expect(problem?.parameter == parameter)
  }
}

@Suite struct OpenAIErrorMarksTests {
  @Test(
    arguments: [
      (
        #"{"error":{"code":"contentFilter","message":"m","inner_error":{"code":"ResponsibleAIPolicyViolation"}}}"#,
        ["ResponsibleAIPolicyViolation"]
      ),
      (#"{"error":{"code":"c","message":"m","innererror":{"code":"i","content_filter_result":{}}}}"#, ["i"]),
      (
        #"[{"error":{"message":"m","status":"S","details":[{"reason":"API_KEY_INVALID"},{}]}}]"#,
        ["S", "API_KEY_INVALID"]
      ),
      (#"{"error":{"code":403,"message":"m","metadata":{"reasons":["x"],"flagged_input":"y"}}}"#, ["moderation"]),
      (#"{"error":{"code":403,"message":"m","metadata":{}}}"#, []), (#"{"error":"m"}"#, []),
    ] as [(String, [String])])
  func innerCodesAreKept(text: String, marks: [String]) {
    #expect(OpenAIResponse.error(in: Array(text.utf8))?.marks == marks)
  }
}

@Suite struct OpenAIOrderTests {
  private func order(_ text: String) throws -> OpenAIRequestBody {
    try OpenAIRequestBody(JSONValue(parsing: text).object!, model: "m", boundary: "B")
  }

  @Test func withoutImagesTheBodyIsTheInputAndTheModel() throws {
    let order = try order(#"{"prompt":"x","seed":1.50,"image":null}"#)
    #expect(order.path == "/images/generations")
    #expect(String(decoding: order.body, as: UTF8.self) == #"{"model":"m","prompt":"x","seed":1.50,"image":null}"#)
  }

  @Test func aModelInTheInputStays() throws {
    #expect(try String(decoding: order(#"{"model":"n"}"#).body, as: UTF8.self) == #"{"model":"n"}"#)
  }

  @Test func withAnImageTheBodyIsAForm() throws {
    let order = try order(#"{"prompt":"a\"b","image":"data:image/webp;base64,QUJD","n":2}"#)
    #expect(order.path == "/images/edits")
    #expect(order.contentType == "multipart/form-data; boundary=B")
    let form = """
      --B\r\nContent-Disposition: form-data; name="model"\r\n\r\nm\r\n\
      --B\r\nContent-Disposition: form-data; name="prompt"\r\n\r\na"b\r\n\
      --B\r\nContent-Disposition: form-data; name="image"; filename="image-1.webp"\r\nContent-Type: image/webp\r\n\r\nABC\r\n\
      --B\r\nContent-Disposition: form-data; name="n"\r\n\r\n2\r\n--B--\r\n
      """
    #expect(String(decoding: order.body, as: UTF8.self) == form)
  }

  @Test(arguments: ["/etc/passwd", "@/etc/passwd", "https://x/y.png", "data:image/png;base64,", "data:image/png,abc"])
  func whatHoldsNoBytesIsRefused(image: String) throws {
    #expect(throws: OpenAIRequestBody.Refusal.self) { try order(#"{"image":["\#(image)"]}"#) }
  }

  @Test(arguments: [
    ("https://h", "https://h/v1"), ("https://h/", "https://h/v1"), ("https://h/v1/", "https://h/v1"),
    ("http://127.0.0.1:8/openai", "http://127.0.0.1:8/openai"),
  ]) func aBaseURLWithoutAPathGetsOne(given: String, base: String) {
    let provider = OpenAI(
      baseURL: given, key: "", account: "a", replies: NoReplies(), http: HTTPClient(), files: WorkQueue(),
      replyQueue: WorkQueue(), clientVersion: "1", now: { 0 })
    #expect(provider.base.text == base)
  }
}

@Suite struct OpenAIRepliesTests {
  private static let reply = #"{"data":[{"b64_json":"AQID"}]}"#

  /// Stops where a reply is stored or read outside its queue.
  private struct QueuedReplies: ReplyStore {
    let files: WorkQueue
    let replyQueue: WorkQueue
    let kept = Protected<[[UInt8]]>([])

    func keep(_ reply: StoredReply, of prediction: Prediction) {
      replyQueue.assertIsCurrent()
      kept.withLock { $0.append(reply.body) }
    }
    func reply(of prediction: Prediction) -> StoredReply? {
      files.assertIsCurrent()
      return StoredReply(Array(OpenAIRepliesTests.reply.utf8))
    }
    func has(_ prediction: Prediction) -> Bool { true }
    var isEmpty: Bool { false }
    func discard(_ prediction: Prediction) {}
    func keepUnread(_ reply: StoredReply, of prediction: Prediction) -> String { "/unread" }
    func unreadReply(of prediction: Prediction) -> StoredReply? { nil }
  }

  private func provider(at url: String, _ replies: QueuedReplies) -> OpenAI {
    OpenAI(
      baseURL: url, key: "", account: "a", replies: replies, http: client(), files: replies.files,
      replyQueue: replies.replyQueue, clientVersion: "1", now: { 0 })
  }

  /// What waits behind a slow disk is in memory only, and paid for.
  @Test func aReplyIsStoredWhileTheFilesQueueIsBlocked() throws {
    let server = try Loopback(["submit": [["do": "reply", "status": 200, "body": .string(Self.reply)]]])
    let replies = QueuedReplies(files: WorkQueue(), replyQueue: WorkQueue())
    let mayGoOn = Protected(false)
    replies.files.async { _ = mayGoOn.wait { $0 ? true : nil } }
    defer { mayGoOn.signal { $0 = true } }
    let provider = provider(at: server.url + "/api/v3", replies)
    let outcome = Protected<SubmitOutcome?>(nil)
    provider.submit(prediction(), mayStart: { true }) { result in outcome.signal { $0 = result } }
    guard case .accepted(_, .completed(let outputs, _, _, _), _)? = outcome.wait(atMost: 20_000, until: { $0 }) else {
      Issue.record("\(String(describing: outcome.withLock { $0 }))")
      return
    }
    #expect(outputs == [.bytes([1, 2, 3])])
    #expect(replies.kept.withLock { $0 } == [Array(Self.reply.utf8)])
  }

  @Test func repliesAreReadAndOutputsWrittenOnTheFilesQueue() {
    let files = WorkQueue()
    let provider = provider(at: "http://127.0.0.1:1", QueuedReplies(files: files, replyQueue: WorkQueue()))
    let one = prediction()
    let polled: PollOutcome = wait { provider.poll(one, completion: $0) }
    #expect(
      polled
        == .answered(
          .completed(outputs: [.bytes([1, 2, 3])], hasNSFWContents: [], inferenceMilliseconds: nil), after: nil))
    let found: HistoryOutcome = wait { provider.search(for: one, window: 0...1, completion: $0) }
    guard case .found(let matches) = found, matches.count == 1 else {
      Issue.record("\(found)")
      return
    }
    let writer = MemoryWriter(on: files)
    let written: DownloadOutcome = wait {
      provider.download("inline:1", index: 1, of: one, into: writer, completion: $0)
    }
    #expect(written == .written() && writer.bytes == [1, 2, 3])
  }
}

struct NoReplies: ReplyStore {
  func keep(_ reply: StoredReply, of prediction: Prediction) {}
  func reply(of prediction: Prediction) -> StoredReply? { nil }
  func has(_ prediction: Prediction) -> Bool { false }
  var isEmpty: Bool { true }
  func discard(_ prediction: Prediction) {}
  func keepUnread(_ reply: StoredReply, of prediction: Prediction) throws(OutputError) -> String {
    throw .inputOutput(path: "/unread", reason: "it is not kept in this test")
  }
  func unreadReply(of prediction: Prediction) -> StoredReply? { nil }
}
