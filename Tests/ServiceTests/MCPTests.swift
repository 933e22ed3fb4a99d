import JSON
import JSONRPC
import Predictions
import Testing

@testable import Service

@Suite("MCP")
struct MCPTests {
  private static let id = PredictionID(sequence: 1_795_437_296_789 << 12 | 1, lowBits: 7)

  private func prediction(_ status: PredictionStatus) -> Prediction {
    var it = Prediction(
      id: Self.id, provider: "wavespeed", model: "m", input: Array(#"{"prompt":"a fox"}"#.utf8), fingerprint: [1],
      account: "acc", outputDirectory: "/out", origin: .mcp)
    it.status = status
    it.phase = nil
    return it
  }

  private func written(_ body: (inout JSONWriter) -> Void) throws -> JSONValue {
    var json = JSONWriter()
    json.beginObject()
    body(&json)
    json.endObject()
    return try JSONValue(parsing: json.bytes)
  }

  // MARK: - Revisions

  @Test(
    "the handshake never answers with a revision that has none",
    arguments: [
      ("2025-11-25", "2025-11-25"), ("2025-06-18", "2025-06-18"), ("2025-03-26", "2025-03-26"),
      ("2024-11-05", "2024-11-05"), ("2026-07-28", "2025-11-25"), ("2030-01-01", "2025-11-25"), ("", "2025-11-25"),
    ])
  func negotiation(requested: String, answered: String) {
    #expect(MCPRevision.negotiated(requested).rawValue == answered)
  }

  @Test("the features of each revision")
  func features() {
    func since(_ feature: (MCPRevision) -> Bool) -> [String] { MCPRevision.allCases.filter(feature).map(\.rawValue) }
    #expect(since(\.hasAnnotations).first == "2025-03-26")
    #expect(since(\.hasStructuredContent).first == "2025-06-18")
    #expect(since(\.hasResourceLinks).first == "2025-06-18")
    #expect(since(\.hasIcons).first == "2025-11-25")
    #expect(since(\.hasCoreTasks) == ["2025-11-25"])
    #expect(since(\.isStateless) == ["2026-07-28"])
    #expect(since { $0.resourceNotFoundCode == -32_002 }.count == 4)
    #expect(MCPRevision.supported.first == "2026-07-28" && MCPRevision.supported.count == 5)
  }

  @Test("a request with a revision describes itself")
  func claims() throws {
    func claim(_ text: String) throws -> MCPRequestContext {
      try MCPRequestContext(try #require(try JSONValue(parsing: text).object), negotiated: .june2025)
    }
    func code(_ text: String) throws -> Int { try #require(throws: RPCError.self) { try claim(text) }.code }
    #expect(try claim("{}").revision == .june2025)
    #expect(try claim(#"{"_meta":{"progressToken":0}}"#).revision == .june2025)
    let version = #""io.modelcontextprotocol/protocolVersion":"2026-07-28""#
    let capabilities = #""io.modelcontextprotocol/clientCapabilities""#
    let plain = try claim(#"{"_meta":{\#(version),\#(capabilities):{}}}"#)
    #expect(plain.revision == .july2026 && !plain.capabilities.hasTasksExtension)
    let extended = #"{"extensions":{"io.modelcontextprotocol/tasks":{}}}"#
    #expect(try claim(#"{"_meta":{\#(version),\#(capabilities):\#(extended)}}"#).capabilities.hasTasksExtension)
    #expect(try code(#"{"_meta":{\#(version)}}"#) == -32_602)
    #expect(try code(#"{"_meta":{\#(version),\#(capabilities):1}}"#) == -32_602)
    #expect(try code(#"{"_meta":{"io.modelcontextprotocol/protocolVersion":1}}"#) == -32_602)
    // A revision with a handshake is not for single requests.
    #expect(try code(#"{"_meta":{"io.modelcontextprotocol/protocolVersion":"2025-11-25"}}"#) == -32_022)
  }

  // MARK: - Folders

  @Test(
    "a path inside a folder",
    arguments: [
      ("/out", true), ("/out/", true), ("/out/a/b.png", true), ("//out//a", true), ("/out/./a", true),
      ("/other/deep/x", true), ("/other/deep", true), ("/other", false), ("/outside", false), ("/out/../etc", false),
      ("/out/a/../../etc", false), ("out", false), ("", false), ("/", false), ("/out/a\0b", false),
    ])
  func folders(path: String, isInside: Bool) {
    #expect(
      MCPFolders([AgentDirectory(path: "/out"), AgentDirectory(path: "/other/./deep/")]).contains(path) == isInside)
  }

  @Test func aFolderWithDotsContainsItsFiles() {
    let folders = MCPFolders([AgentDirectory(path: "/work/../out", realPath: "/out")])
    #expect(folders.contains("/work/../out/a.png"))
    #expect(folders.contains("/out/a.png"))
    #expect(!folders.contains("/work/../out/../etc"))
    #expect(!folders.contains("/work/a.png"))
  }

  // MARK: - Progress

  private final class Clock: TimeSource {
    let moments: @Sendable () -> Int64
    init(_ moments: @escaping @Sendable () -> Int64) { self.moments = moments }
    var now: Moment { Moment(steady: moments(), wall: 0) }
  }

  @Test("progress strictly increases at any clock, and has the token with its type")
  func progress() throws {
    let clock = Clock { 5_000 }
    let snapshot = PredictionSnapshot(prediction(.processing), resultURL: nil)
    let progress = MCPProgress(token: 0, revision: .november2025, time: clock)
    let values = try (0..<3).map { _ in
      var json = JSONWriter()
      progress.write(snapshot, to: &json)
      return try JSONValue(parsing: json.bytes)
    }
    #expect(values.map { $0["progress"]?.number?.double } == [0, 0.000000001, 0.000000002])
    #expect(values.allSatisfy { $0["total"] == 1 })
    #expect(values[0]["progressToken"] == 0)
    #expect(values[0]["message"]?.string == "processing, 0 s (prediction \(Self.id))")
    var json = JSONWriter()
    MCPProgress(token: "t", revision: .november2024, time: clock).write(snapshot, to: &json)
    #expect(try JSONValue(parsing: json.bytes).text == #"{"progressToken":"t","progress":0,"total":1}"#)
  }

  // MARK: - Tasks

  @Test(
    "the status of a task in both dialects",
    arguments: [
      (.created, "working", "working"), (.processing, "working", "working"), (.completed, "completed", "completed"),
      (.failed, "failed", "completed"), (.unknown, "failed", "completed"), (.cancelled, "cancelled", "cancelled"),
    ] as [(PredictionStatus, String, String)])
  func tasks(status: PredictionStatus, core: String, extended: String) throws {
    let task = MCPTask(PredictionSnapshot(prediction(status), resultURL: nil))
    let one = try written { task.write(to: &$0, in: .core) }
    let other = try written { task.write(to: &$0, in: .extended) }
    #expect(one["status"]?.string == core && other["status"]?.string == extended)
    #expect(one["taskId"]?.string == Self.id.description)
    #expect(one["ttl"] == .null && one["ttlMs"] == nil && one["pollInterval"] == 1_000)
    #expect(other["ttlMs"] == .null && other["ttl"] == nil && other["pollIntervalMs"] == 1_000)
  }

  @Test(
    "a task that ended as unknown does not change",
    arguments: [.processing, .completed, .failed] as [PredictionStatus])
  func doubtStays(status: PredictionStatus) throws {
    var found = prediction(status)
    found.hasBeenUnknown = true
    let task = MCPTask(PredictionSnapshot(found, resultURL: nil))
    #expect(task.status(in: .core) == .failed)
    #expect(task.status(in: .extended) == .completed)
    let result = task.result(service(), room: .none)
    #expect(result.isError && result.text.description.contains("get_image"))
  }

  // MARK: - Results

  @Test(arguments: [
    ("a fox", 5, "a fox", 5, false), ("a fox", 4, "a fo", 4, true), ("\"\"\"", 5, "\"\"", 5, true),
    ("", 0, "", 0, false),
    ("狐狸", 5, "狐", 5, true), ("狐狸", 6, "狐狸", 6, false), ("a\nb", 3, "a\n", 3, true),
  ])
  func aTextIsCutByItsBytesInJSON(text: String, limit: Int, cut: String, bytes: Int, isCut: Bool) {
    #expect(MCPFileContents.cut(text, to: limit) == (cut, bytes, isCut))
  }

  private func service(linksFiles: Bool = true) -> Service {
    var host = ServiceHost(
      version: "0", agentDirectories: { [AgentDirectory(path: "/out")] }, configure: { _ in }, watch: { _ in })
    host.linksFiles = linksFiles
    return Service(
      engine: .failure(.failed(message: "There is no table.", hint: nil)), host: host, time: Clock { 0 })
  }

  private func completed(at paths: [String]) -> Prediction {
    var it = prediction(.completed)
    it.billing = .charged
    it.outputs = paths.map { "file://\($0)" }
    it.files = paths.enumerated().map { number, path in
      OutputFile(path: path, mediaType: "image/png", bytes: 9, sha256: "00", width: 1, height: 1, index: number + 1)
    }
    return it
  }

  @Test func oneTextAndALinkToEachFile() throws {
    let result = service().toolResult(PredictionSnapshot(completed(at: ["/out/a.png", "/out/b.png"]), resultURL: nil))
    let json = try written { result.write(to: &$0, for: .november2025) }
    #expect(json["content"]?.array?.map { $0["type"]?.string } == ["text", "resource_link", "resource_link"])
    #expect(json["content"]?.array?[2]["uri"]?.string == "imagewire://predictions/\(Self.id)/2")
    #expect(json["content"]?.array?[2]["name"] == "b.png")
    #expect(json["structuredContent"]?["files"]?.array?.count == 2)
    #expect(json["isError"] == false)
    let text = try JSONValue(parsing: try #require(json["content"]?.array?[0]["text"]?.string))
    #expect(text["files"] == ["/out/a.png", "/out/b.png"] && text["status"] == "completed")
    let old = try written { result.write(to: &$0, for: .march2025) }
    #expect(old["structuredContent"] == nil && old["content"]?.array?.count == 1)
  }

  @Test func theAddressOfAFileIsThatOfItsOutputAndStays() {
    let whole = completed(at: ["/out/a.png", "/out/b.png", "/out/c.png"])
    var part = whole
    part.files.remove(at: 1)
    let uris = (1...3).map { MCPResource.uri(Self.id, $0) }
    #expect(service().toolResult(PredictionSnapshot(part, resultURL: nil)).links.map(\.uri) == [uris[0], uris[2]])
    #expect(service().toolResult(PredictionSnapshot(whole, resultURL: nil)).links.map(\.uri) == uris)
  }

  @Test func filesOfAnUnfinishedPredictionAreNotShown() throws {
    var it = completed(at: ["/out/a.png"])
    it.status = .processing
    it.phase = .fetching
    let result = service().toolResult(PredictionSnapshot(it, resultURL: nil))
    let json = try written { result.write(to: &$0, for: .november2025) }
    #expect(result.links.isEmpty && !json.text.contains("a.png"))
  }

  @Test func pathsOutsideTheFoldersAreLeftOut() throws {
    let result = service().toolResult(
      PredictionSnapshot(completed(at: ["/home/me/secret.png", "/out/b.png"]), resultURL: nil))
    let json = try written { result.write(to: &$0, for: .november2025) }
    #expect(!json.text.contains("secret"))
    #expect(json["structuredContent"]?["outputs"]?.array?.isEmpty == true)
    // The link has the number of the file.
    #expect(result.links.map(\.uri) == ["imagewire://predictions/\(Self.id)/2"])
  }

  @Test(
    "a prediction without an image is an error for the model",
    arguments: [.failed, .unknown, .cancelled] as [PredictionStatus])
  func noPicture(status: PredictionStatus) {
    var it = prediction(status)
    it.failure = PredictionFailure(.contentRefused, retryable: false, message: "It was refused.", hint: "Ask for less.")
    let snapshot = PredictionSnapshot(it, resultURL: nil)
    let result = service().toolResult(snapshot)
    #expect(result.isError)
    #expect(result.text == "It was refused. Ask for less. (prediction \(Self.id), billing none)")
    #expect(!service().toolResult(snapshot, isToBringIt: false).isError)
  }

  @Test func anUnfinishedPredictionNamesTheNextCall() throws {
    let result = service().toolResult(PredictionSnapshot(prediction(.processing), resultURL: nil))
    #expect(!result.isError)
    #expect(try JSONValue(parsing: result.text.description)["next"]?.string?.contains("get_image") == true)
    #expect(try JSONValue(parsing: try #require(result.structured))["next"] != nil)
  }

  // MARK: - In few words

  @Test("text and structured content say the same, shortly")
  func brief() throws {
    var it = completed(at: ["/out/a.png", "/out/c.mp4"])
    it.files[1].mediaType = "video/mp4"
    it.files[1].index = 3
    (it.files[1].width, it.files[1].height) = (nil, nil)
    (it.costMicros, it.isBilled, it.finishedAt) = (167_000, true, it.createdAt + 12_345)
    let result = service(linksFiles: false).brief(PredictionSnapshot(it, resultURL: nil))
    let text = try JSONValue(parsing: result.text.description)
    let structured = try JSONValue(parsing: try #require(result.structured))
    #expect(text == structured && result.links.isEmpty && !result.isError)
    #expect(text["seconds"]?.text == "12.3")
    #expect(
      text
        == [
          "id": .string(Self.id.description), "status": "completed",
          "files": [["path": "/out/a.png", "size": "1x1"], ["output": 3, "path": "/out/c.mp4", "kind": "video"]],
          "provider": "wavespeed", "cost": "$0.167", "seconds": text["seconds"]!,
        ])
    #expect(service().brief(PredictionSnapshot(it, resultURL: nil)).links.count == 2)
    let one = service().brief(PredictionSnapshot(it, resultURL: nil), file: 3)
    #expect(try JSONValue(parsing: one.text.description)["files"]?.array?.count == 1)
  }

  @Test("an answer is not longer than a message, however many files there are")
  func manyFiles() throws {
    let folder = String(repeating: "very long/", count: 140)
    let it = completed(at: (1...64).map { "/out/\(folder)\($0).png" })
    let result = service(linksFiles: false).brief(PredictionSnapshot(it, resultURL: nil))
    let json = try written { result.write(to: &$0, for: .november2025) }
    #expect(json.serialized.count <= 65_536)
    let text = try JSONValue(parsing: result.text.description)
    let count = try #require(text["files"]?.array?.count)
    #expect((1..<64).contains(count))
    #expect(text["note"]?.string?.hasPrefix("\(64 - count) more files") == true)
  }

  @Test("neither has a path outside the folders, or the prompt of somebody")
  func briefWithinFolders() {
    let it = completed(at: ["/home/me/secret.png", "/out/b.png"])
    let result = service().brief(PredictionSnapshot(it, resultURL: nil))
    for text in [result.text.description, String(decoding: result.structured ?? [], as: UTF8.self)] {
      #expect(!text.contains("secret") && !text.contains("a fox") && text.contains("/out/b.png"))
    }
  }

  @Test(
    "an image that does not come is one sentence and an error, without structured content",
    arguments: [.failed, .unknown, .cancelled] as [PredictionStatus])
  func noBrief(status: PredictionStatus) {
    var it = prediction(status)
    it.failure = PredictionFailure(.contentRefused, retryable: false, message: "It was refused.", hint: "Ask for less.")
    let result = service().brief(PredictionSnapshot(it, resultURL: nil))
    #expect(result.isError && result.structured == nil)
    #expect(result.text == "It was refused. Ask for less. (prediction \(Self.id), billing none)")
    #expect(!service().brief(PredictionSnapshot(it, resultURL: nil), isToBringIt: false).isError)
  }

  @Test(
    "what it costs in words",
    arguments: [
      (Billing.charged, 40_000, true, .completed, "$0.04"), (.charged, nil, false, .completed, "unknown"),
      (.unknown, 40_000, false, .failed, "about $0.04"), (.none, nil, false, .failed, "nothing"),
      (.none, nil, false, .created, nil),
    ] as [(Billing, Int64?, Bool, PredictionStatus, String?)])
  func costs(billing: Billing, micros: Int64?, isBilled: Bool, status: PredictionStatus, words: String?) {
    var it = prediction(status)
    (it.billing, it.costMicros, it.isBilled) = (billing, micros, isBilled)
    #expect(it.costWords == words)
  }

  @Test func theBestModelsComeFirst() throws {
    let models = [
      Model(
        id: "a/upscaler", kind: .image, description: "Makes an image larger: upscales it.", editModel: "a/upscaler"),
      Model(
        id: "b/paint", kind: .image, description: "Paints. Better than flux.", priceMicros: 40_000,
        editModel: "b/paint/edit"),
      Model(id: "b/paint/edit", kind: .image, editModel: "b/paint/edit"),
      Model(id: "c/flux", kind: .image), Model(id: "d/film", kind: .video),
    ]
    func ids(_ query: String, _ kind: MCPModelKind?) -> [String] {
      let offer = PredictionEngine.Offer(provider: "p", models: models, usual: "c/flux")
      return MCPModels(offer: offer, query: query, kind: kind).found.map(\.id)
    }
    #expect(ids("", nil) == ["c/flux", "a/upscaler", "b/paint", "b/paint/edit", "d/film"])
    #expect(ids("flux", nil) == ["c/flux", "b/paint"])
    #expect(ids("", .image) == ["c/flux", "b/paint"] && ids("", .edit) == ["a/upscaler", "b/paint/edit"])
    #expect(ids("", .upscale) == ["a/upscaler"] && ids("", .video) == ["d/film"] && ids("zebra", nil).isEmpty)
  }

  @Test func anErrorIncludesItsHint() {
    #expect(
      RPCError.invalidParams("prompt", "a prompt is missing", hint: "Say it.").sentence
        == "A prompt is missing. Say it.")
    #expect(
      RPCError.invalidParams("timeout_ms", "timeout_ms must be a number").sentence == "timeout_ms must be a number.")
    #expect(RPCError.notFound("x").sentence.description.hasPrefix("There is no prediction x."))
  }

  // MARK: - Names

  @Test(
    "only its own spelling names a resource",
    arguments: ["", "/0", "/-1", "/01", "/1/", "/x", "/1x", "/99999999999999999999"])
  func resources(end: String) {
    #expect(MCPResource.parse(MCPResource.uri(Self.id, 3))?.number == 3)
    #expect(MCPResource.parse("imagewire://predictions/\(Self.id)\(end)") == nil)
    #expect(MCPResource.parse("file:///etc/passwd") == nil)
  }

  @Test func modelsThatBeginWithTheTextComeFirst() {
    let models = ["a/gpt-x", "gpt-1", "other", "GPT-2"]
    #expect(MCPCompletion.matches("gpt", among: models) == ["gpt-1", "GPT-2", "a/gpt-x"])
    #expect(MCPCompletion.matches("", among: models) == models)
    #expect(MCPCompletion.matches("z", among: models).isEmpty)
  }

  @Test func descriptionsAreShortAndNamesAreTaken() {
    for tool in MCPTool.all { #expect(tool.description.utf8.count <= 350, "\(tool.name)") }
    #expect(service().instructions.utf8.count < 2_048)
    #expect(Set(MCPTool.all.map(\.name)).count == 8)
    // Some hosts call a prompt instead of the tool of its name.
    #expect(MCPTool.named(MCPPrompt.name) == nil)
    #expect(Set((MCPTool.all + MCPTool.earlier).map(\.name)).count == 12)
  }
}
