import Encoding
import JSON
import Predictions
import Testing
import Threads

@testable import HTTP
@testable import Providers

/// The table of dialects: how a server is recognised, and what each row changes in a request.
@Suite struct OpenAIDialectTests {
  @Test func namesAreUniqueAndEachRowIsFoundByItsName() {
    #expect(Set(OpenAIDialect.names).count == OpenAIDialect.names.count)
    for row in OpenAIDialect.table {
      #expect(OpenAIDialect.named(row.name) == row)
      #expect(row.name.utf8.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) })
      // Only LocalAI is recognised by nothing: its list of models says nothing about it.
      #expect((row.hosts.isEmpty && row.mark == nil) == (row.name == "localai"), "\(row.name)")
    }
    #expect(OpenAIDialect.named("plain") == .unknown && OpenAIDialect.named("Plain") == nil)
  }

  @Test(
    arguments: [
      ("api.openai.com", "openai"), ("me.openai.azure.com", "azure"), ("me.services.ai.azure.com", "azure"),
      ("api.x.ai", "xai"), ("openrouter.ai", "openrouter"), ("generativelanguage.googleapis.com", "gemini"),
      ("ark.cn-beijing.volces.com", "ark"), ("ark.ap-southeast.bytepluses.com", "ark"),
      ("api.together.xyz", "together"),
      ("api.fireworks.ai", "fireworks"), ("api.deepinfra.com", "deepinfra"),
      ("localhost", nil), ("evilopenrouter.ai", nil), ("openrouter.ai.example", nil), ("", nil),
    ] as [(String, String?)])
  func aHostNamesItsRow(host: String, name: String?) {
    #expect(OpenAIDialect.of(host: host)?.name == name)
  }

  @Test(
    arguments: [
      (#"{"data":[{"id":"a","owned_by":"xinference","model_type":"image"}]}"#, "xinference"),
      (#"{"data":[{"id":"a","owned_by":"sglang"}]}"#, "sglang"), (#"{"data":[{"id":"a","owned_by":"vllm"}]}"#, "vllm"),
      (#"{"data":[{"id":"koboldcpp/x","owned_by":"koboldcpp"}]}"#, "koboldcpp"),
      (#"{"data":[{"id":"sd-cpp-local","object":"model","owned_by":"local"}]}"#, "sdcpp"),
      (#"{"data":[{"id":"a","created":1677610602,"owned_by":"openai"},{"id":"b","created":1677610602}]}"#, "litellm"),
      (#"[{"id":"a","owned_by":"sglang"}]"#, "sglang"),
      (#"{"data":[{"id":"a","created":1677610602,"owned_by":"openai"},{"id":"b","created":7}]}"#, nil),
      (#"{"data":[{"id":"x","owned_by":"local"}]}"#, nil), (#"{"data":[{"id":"a","object":"model"}]}"#, nil),
      (#"{"data":[]}"#, nil), ("{}", nil), ("[]", nil), ("7", nil), (#"{"data":{"owned_by":"vllm"}}"#, nil),
    ] as [(String, String?)])
  func aListOfModelsNamesItsRow(text: String, name: String?) throws {
    #expect(try OpenAIDialect.of(models: JSONValue(parsing: text))?.name == name)
  }

  // MARK: - Requests

  private static let picture = "data:image/png;base64,QUJD"
  private static let address = "https://x/1.png"

  private func order(_ dialect: String, _ text: String) throws -> (path: String, body: String) {
    let order = try OpenAIRequestBody(
      JSONValue(parsing: text).object!, model: "m", dialect: #require(OpenAIDialect.named(dialect)), boundary: "B")
    return (order.path, String(decoding: order.body, as: UTF8.self))
  }

  @Test func withoutImagesAnInputGoesOutUnchangedButForTheRow() throws {
    for name in OpenAIDialect.names {
      let (path, body) = try order(name, #"{"prompt":"x","image":null}"#)
      let asks = ["sglang", "localai", "xinference", "gemini"].contains(name)
      #expect(path == (name == "openrouter" ? "/images" : "/images/generations"), "\(name)")
      #expect(
        body == #"{"model":"m","prompt":"x","image":null\#(asks ? #","response_format":"b64_json""# : "")}"#, "\(name)")
      // What the input says stays.
      #expect(
        try order(name, #"{"model":"n","response_format":"url"}"#).body == #"{"model":"n","response_format":"url"}"#)
    }
  }

  @Test(
    arguments: [
      (
        "xai", "/images/edits", #""image":{"url":"URI","type":"image_url"}"#,
        #""images":[{"url":"URI","type":"image_url"},{"url":"URL","type":"image_url"}]"#
      ),
      ("ark", "/images/generations", #""image":"URI""#, #""image":["URI","URL"]"#),
      ("together", "/images/generations", #""image_url":"URI""#, #""reference_images":["URI","URL"]"#),
      (
        "openrouter", "/images", #""input_references":[{"type":"image_url","image_url":{"url":"URI"}}]"#,
        #""input_references":[{"type":"image_url","image_url":{"url":"URI"}},{"type":"image_url","image_url":{"url":"URL"}}]"#
      ),
      ("localai", "/images/generations", #""file":"QUJD""#, #""ref_images":["QUJD","URL"]"#),
    ])
  func imagesInJSON(name: String, path: String, one: String, several: String) throws {
    let ask = name == "localai" ? #","response_format":"b64_json""# : ""
    let filled = { (text: String) in text.replacing("URI", with: Self.picture).replacing("URL", with: Self.address) }
    let single = try order(name, #"{"prompt":"x","image":"\#(Self.picture)","n":1}"#)
    #expect(single.path == path && single.body == #"{"model":"m","prompt":"x",\#(filled(one)),"n":1\#(ask)}"#)
    let list = try order(name, #"{"prompt":"x","image":["\#(Self.picture)"," \#(Self.address) "],"n":1}"#)
    #expect(list.path == path && list.body == #"{"model":"m","prompt":"x",\#(filled(several)),"n":1\#(ask)}"#)
    // The server's own form of an image stays.
    let own = try order(name, #"{"image":{"file_id":"7"}}"#)
    #expect(own.path == path && own.body.contains(#"{"file_id":"7"}"#))
    #expect(throws: OpenAIRequestBody.Refusal.self) {
      try order(name, #"{"image":"\#(Self.picture)","mask":"\#(Self.picture)"}"#)
    }
    #expect(throws: OpenAIRequestBody.Refusal.self) { try order(name, #"{"image":"/etc/passwd"}"#) }
    #expect(throws: OpenAIRequestBody.Refusal.self) { try order(name, #"{"image":["\#(Self.picture)","@a.png"]}"#) }
  }

  @Test func twoNamesForOneImageAreRefused() {
    #expect(
      throws: OpenAIRequestBody.Refusal(
        message: "input.image and input.image_url are the same for Together.", hint: "Give one of them.")
    ) { try order("together", #"{"image":"\#(Self.picture)","image_url":"\#(Self.address)"}"#) }
  }

  @Test func oneThatCannotEditIsNotAsked() {
    #expect(
      throws: OpenAIRequestBody.Refusal(
        message: "KoboldCpp cannot edit images through this API.",
        hint: "Leave out the image, or use another server or model.")
    ) { try order("koboldcpp", #"{"image":"\#(Self.picture)"}"#) }
  }

  private static let forms = [
    "plain", "openai", "azure", "vllm", "sglang", "xinference", "sdcpp", "litellm", "gemini",
    "fireworks", "deepinfra",
  ]

  @Test(arguments: forms) func filesGoIntoAForm(name: String) throws {
    let (path, body) = try order(name, #"{"image":["\#(Self.picture)","\#(Self.picture)"],"mask":"\#(Self.picture)"}"#)
    #expect(path == "/images/edits")
    #expect(body.split(separator: "name=\"\(name == "deepinfra" ? "image" : "image[]")\"; filename=").count == 3)
    #expect(body.contains("name=\"mask\"; filename=\"mask-1.png\""))
    let asks = ["sglang", "xinference", "gemini"].contains(name)
    #expect(body.contains("name=\"response_format\"\r\n\r\nb64_json\r\n") == asks)
  }

  @Test(arguments: forms) func addressesGoWhereTheServerTakesThem(name: String) throws {
    let input = #"{"prompt":"x","image":["\#(Self.address)","\#(Self.picture)"],"mask":"\#(Self.picture)"}"#
    switch name {
    case "openai":
      let (path, body) = try order(name, input)
      #expect(path == "/images/edits")
      #expect(
        body
          == #"{"model":"m","prompt":"x","images":[{"image_url":"\#(Self.address)"},{"image_url":"\#(Self.picture)"}],"#
          + #""mask":{"image_url":"\#(Self.picture)"}}"#)
    case "vllm", "sglang":
      #expect(try order(name, input).body.contains("name=\"url[]\"\r\n\r\n\(Self.address)\r\n"))
      #expect(
        try order(name, #"{"image":"\#(Self.address)"}"#).body.contains("name=\"url\"\r\n\r\n\(Self.address)\r\n"))
      // A mask is a file: its address would count as another image.
      #expect(throws: OpenAIRequestBody.Refusal.self) {
        try order(name, #"{"image":"\#(Self.picture)","mask":"\#(Self.address)"}"#)
      }
    default:
      let title = try #require(OpenAIDialect.named(name)).title
      #expect(
        throws: OpenAIRequestBody.Refusal(
          message: "\(title) takes no address of an image (input.image[0]).",
          hint: "Give the file itself, or a data URI: data:image/png;base64,…")
      ) { try order(name, input) }
    }
  }

  @Test func everyRowIsTested() {
    let inJSON = ["xai", "ark", "together", "openrouter", "localai"]
    #expect(Set(Self.forms + inJSON + ["koboldcpp"]) == Set(OpenAIDialect.names))
  }
}

/// Addresses: where requests go, and what a reference in an answer means.
@Suite struct OpenAIAddressTests {
  @Test(
    arguments: [
      ("https://h/v1", "https://h/v1/models"), ("https://h/v1/", "https://h/v1/models"),
      ("https://h/v1?api-version=7", "https://h/v1/models?api-version=7"),
      ("https://h/openai/deployments/d/?a=1&b=/2", "https://h/openai/deployments/d/models?a=1&b=/2"),
      ("https://h?api-version=7", "https://h/v1/models?api-version=7"), ("https://h/?a=/b", "https://h/v1/models?a=/b"),
      ("https://h/v1#x", "https://h/v1/models"),
    ])
  func aQueryStandsBehindThePath(base: String, models: String) {
    #expect(BaseURL(base, defaultPath: "/v1").url(of: "/models") == models)
  }

  @Test(
    arguments: [
      ("/v1/images/7/content?variant=1", "http://h:8/v1/images/7/content?variant=1"), ("//c/1.png", "http://c/1.png"),
      ("1.png", "http://h:8/v1/1.png"), ("out/1.png?x=:/..", "http://h:8/v1/out/1.png?x=:/.."),
      ("./a/../1.png", "http://h:8/v1/1.png"), ("../../../1.png", "http://h:8/1.png"),
      ("https://c/1.png", "https://c/1.png"), ("file:///etc/a.png", "file:///etc/a.png"),
    ])
  func aReferenceIsResolved(reference: String, whole: String) {
    #expect(BaseURL("http://h:8/v1?api-version=7").resolved(reference) == whole)
    #expect(BaseURL("http://h:8/v1/").resolved(reference) == whole)
  }

  private func provider(_ base: String, dialect: String? = nil, isFree: Bool? = nil, key: String = "k") -> OpenAI {
    OpenAI(
      baseURL: base, key: key, account: "a", replies: NoReplies(), http: HTTPClient(), files: WorkQueue(),
      replyQueue: WorkQueue(), clientVersion: "1", dialect: dialect, isFree: isFree, now: { 0 })
  }

  @Test func onlyAServerOnThisMachineNamesItsFiles() {
    #expect(provider("http://127.0.0.1:8/v1").isPath("/a/1.png"))
    for location in ["//h/1.png", "1.png", "http://127.0.0.1:8/1.png", "file:///a/1.png"] {
      #expect(!provider("http://127.0.0.1:8/v1").isPath(location))
    }
    for base in ["http://192.168.1.7:8", "https://example.com", "https://localhost.example.com"] {
      #expect(!provider(base).isPath("/a/1.png"))
    }
  }

  @Test func onlyServersOfOnesOwnAreFree() {
    for base in ["http://127.0.0.1:8/v1", "http://localhost", "http://192.168.1.7:8", "http://[::1]:8"] {
      #expect(provider(base, dialect: "plain").isFree)
      // Nobody has said yet what it is.
      #expect(!provider(base).isFree)
      #expect(!provider(base, dialect: "plain", isFree: false).isFree)
      // It hands requests on.
      #expect(!provider(base, dialect: "litellm").isFree)
      #expect(provider(base, dialect: "litellm", isFree: true).isFree)
    }
    for base in ["https://api.openai.com/v1", "https://example.com", "http://8.8.8.8"] {
      #expect(!provider(base, dialect: "plain").isFree && provider(base, isFree: true).isFree)
    }
  }

  @Test func theKeyGoesInTheHeaderOfTheServer() {
    let key = { (provider: OpenAI) in
      provider.headers(contentType: "x").filter { $0.value.contains("k") && $0.name != "User-Agent" }
    }
    #expect(key(provider("https://h")).map(\.name) == ["Authorization"])
    #expect(key(provider("https://me.openai.azure.com/openai/v1")).map(\.name) == ["api-key"])
    // A token of the directory.
    let token = provider("https://me.openai.azure.com/openai/v1", key: "eyJk").headers(contentType: "x")
    #expect(token.first?.name == "Authorization" && token.first?.value == "Bearer eyJk")
  }
}

@Suite struct OpenAIServerTests {
  private typealias Answer = Result<HTTPResponse, HTTPFailure>

  private func models(_ owner: String, status: Int = 200) -> Answer {
    .success(HTTPResponse(status: status, body: Array(#"{"data":[{"id":"a","owned_by":"\#(owner)"}]}"#.utf8)))
  }

  /// Asks, and returns what a request would be built for. `nil` where it waits.
  private func dialect(_ server: OpenAIServer, _ answer: Answer?, asked: Protected<Int>) -> String? {
    let found = Protected<String?>(nil)
    server.withDialect(
      asking: { completion in
        asked.withLock { $0 += 1 }
        if let answer { completion(answer) }
      }, then: { dialect in found.signal { $0 = dialect.name } })
    return found.wait(atMost: answer == nil ? 0 : 20_000) { $0 }
  }

  @Test func aSettingWinsOverTheHostAndAHostOverTheQuestion() {
    let asked = Protected(0)
    #expect(dialect(OpenAIServer(setting: "ark", host: "api.x.ai"), nil, asked: asked) == "ark")
    #expect(dialect(OpenAIServer(setting: nil, host: "api.x.ai"), nil, asked: asked) == "xai")
    #expect(dialect(OpenAIServer(setting: "plain", host: "api.x.ai"), nil, asked: asked) == "plain")
    #expect(asked.withLock { $0 } == 0)
  }

  @Test func aServerIsAskedOnce() {
    let (server, asked) = (OpenAIServer(setting: nil, host: "h"), Protected(0))
    #expect(server.dialect == .unknown)
    #expect(dialect(server, models("sglang"), asked: asked) == "sglang")
    #expect(dialect(server, models("vllm"), asked: asked) == "sglang")
    #expect(server.dialect.name == "sglang" && asked.withLock { $0 } == 1)
  }

  @Test func noAnswerStopsASubmit() {
    let lost = Answer.failure(HTTPFailure(kind: .timedOut, message: "It is slow.", mayHaveBeenSent: true))
    let answers = [models("vllm", status: 401), lost, .success(HTTPResponse(status: 200, body: Array("<html>".utf8)))]
    for answer in answers {
      let (server, asked) = (OpenAIServer(setting: nil, host: "h"), Protected(0))
      #expect(dialect(server, answer, asked: asked) == "plain")
      #expect(dialect(server, models("vllm"), asked: asked) == "plain")
      #expect(asked.withLock { $0 } == 1)
      // A guess, which a later list corrects.
      #expect(!server.isKnown)
      server.note(HTTPResponse(status: 200, body: Array(#"{"data":[{"id":"a","owned_by":"vllm"}]}"#.utf8)))
      #expect(server.isKnown && server.dialect.name == "vllm")
    }
  }

  @Test func aServerThatWasNotThereIsAskedAgain() {
    let (server, asked) = (OpenAIServer(setting: nil, host: "h"), Protected(0))
    let absent = Answer.failure(HTTPFailure(kind: .unreachable, message: "Nobody.", mayHaveBeenSent: false))
    #expect(dialect(server, absent, asked: asked) == "plain")
    #expect(dialect(server, models("vllm"), asked: asked) == "vllm")
    #expect(asked.withLock { $0 } == 2)
  }

  @Test func aListThatWasAskedForInAnyCaseIsEnough() throws {
    let (server, asked) = (OpenAIServer(setting: nil, host: "h"), Protected(0))
    server.note(HTTPResponse(status: 500, body: []))
    #expect(server.dialect == .unknown)
    server.note(try models("sglang").get())
    server.note(try models("vllm").get())
    #expect(dialect(server, nil, asked: asked) == "sglang")
    #expect(asked.withLock { $0 } == 0)
    // What the user said stays.
    let named = OpenAIServer(setting: "plain", host: "h")
    named.note(try models("vllm").get())
    #expect(named.dialect == .unknown)
  }

  @Test func allThatWaitForTheAnswerGetIt() {
    struct Reply {
      let give: @Sendable (Answer) -> Void
    }
    let server = OpenAIServer(setting: nil, host: "h")
    let (reply, found) = (Protected<Reply?>(nil), Protected<[String]>([]))
    for _ in 1...3 {
      server.withDialect(
        asking: { completion in
          reply.withLock {
            #expect($0 == nil)
            $0 = Reply(give: completion)
          }
        }, then: { dialect in found.signal { $0.append(dialect.name) } })
    }
    #expect(found.withLock { $0.isEmpty })
    reply.withLock { $0 }?.give(models("koboldcpp"))
    #expect(found.wait(atMost: 20_000) { $0.count == 3 ? $0 : nil } == ["koboldcpp", "koboldcpp", "koboldcpp"])
  }
}
