import Encoding
import JSON
import Predictions
import Testing

@testable import Service

@Suite("MCP Apps")
struct MCPAppsTests {
  private static let id = PredictionID(sequence: 1_795_437_296_789 << 12 | 1, lowBits: 7)

  private func prediction(_ input: String, _ status: PredictionStatus = .completed) -> Prediction {
    var it = Prediction(
      id: Self.id, provider: "wavespeed", model: "acme/painter", input: Array(input.utf8), fingerprint: [1],
      account: "acc", outputDirectory: "/out", origin: .mcp)
    it.status = status
    it.phase = nil
    return it
  }

  private func file(_ number: Int, bytes: Int64 = 9) -> OutputFile {
    OutputFile(
      path: "/out/\(number).png", mediaType: "image/png", bytes: bytes, sha256: "00", width: 2, height: 1, index: number
    )
  }

  // MARK: - Negotiation

  @Test(
    "only a client that names the extension and the type shows pages",
    arguments: [
      (#"{"extensions":{"io.modelcontextprotocol/ui":{"mimeTypes":["text/html;profile=mcp-app"]}}}"#, true),
      (#"{"extensions":{"io.modelcontextprotocol/ui":{"mimeTypes":["x","text/html;profile=mcp-app"],"y":1}}}"#, true),
      (#"{"extensions":{"io.modelcontextprotocol/ui":{"mimeTypes":["text/html"]}}}"#, false),
      (#"{"extensions":{"io.modelcontextprotocol/ui":{"mimeTypes":"text/html;profile=mcp-app"}}}"#, false),
      (#"{"extensions":{"io.modelcontextprotocol/ui":{}}}"#, false), (#"{"extensions":[]}"#, false), ("{}", false),
      ("[]", false), (#"{"extensions":{"io.modelcontextprotocol/ui":null}}"#, false),
    ])
  func negotiation(capabilities: String, isShown: Bool) throws {
    #expect(MCPApps.areShown(by: try JSONValue(parsing: capabilities)) == isShown)
  }

  @Test("no capabilities at all")
  func absent() { #expect(!MCPApps.areShown(by: nil)) }

  @Test("a page has no word of a network")
  func selfContained() {
    for view in MCPApps.View.allCases {
      let html = AppPage.html(of: view)
      #expect(html.hasPrefix("<!doctype html>") && html.contains("data-view=\"\(view.rawValue)\""))
      for word in [
        "http:", "https:", "//cdn", "@import", "url(", "innerHTML", "insertAdjacentHTML", "document.write", "eval(",
      ] {
        #expect(!html.contains(word), "\(word)")
      }
    }
  }

  // MARK: - Pieces

  @Test("the pieces, joined, are the file, however it is read", arguments: [1, 2, 3, 7, 100], [1, 5, 12, 64, 99])
  func pieces(chunk: Int, room: Int) throws {
    let bytes = (0..<97).map { UInt8(truncatingIfNeeded: $0 &* 37) }
    var (text, offset) = ("", Int64(0) as Int64?)
    while let start = offset {
      // `room` bytes of base64, beside the envelope.
      var piece = MCPAppPiece(of: file(1, bytes: 97), from: start, room: 1_024 + room / 4 * 4)
      guard room >= 4 else { return #expect(piece.length == 0) }
      for from in stride(from: 0, to: bytes.count, by: chunk) { piece.take(Array(bytes[from..<min(from + chunk, 97)])) }
      let json = try JSONValue(parsing: piece.json.bytes)
      #expect(json["offset"]?.int64 == start && json["total"]?.int64 == 97)
      text += try #require(json["base64"]?.string)
      offset = json["next"]?.int64
    }
    #expect(text == Base64.encode(bytes))
  }

  @Test("a piece is a multiple of three bytes, and below the limit of hosts")
  func bounds() {
    #expect(MCPAppPiece.mostBytes % 3 == 0 && MCPAppPiece.mostBytes / 3 * 4 < 1_000_000)
    let large = file(1, bytes: 10 << 20)
    #expect(MCPAppPiece(of: large, from: 0, room: .max).length == MCPAppPiece.mostBytes)
    #expect(MCPAppPiece(of: large, from: (10 << 20) - 5, room: .max).length == 5)
    #expect(MCPAppPiece(of: large, from: 10 << 20, room: .max).length == 0)
    #expect(MCPAppPiece(of: large, from: 0, room: 0).length == 0)
    for room in 0..<2_000 { #expect(MCPAppPiece(of: large, from: 0, room: room).length % 3 == 0) }
  }

  // MARK: - What a page knows

  private func image(
    _ prediction: Prediction, _ files: [OutputFile] = [], provider: String = "wavespeed", room: Int = 8_192
  ) throws -> JSONValue {
    let snapshot = PredictionSnapshot(prediction, resultURL: nil)
    return try JSONValue(parsing: MCPAppImage(snapshot, files: files, provider: provider, room: room).json.bytes)
  }

  @Test("another image has the same input, but no seed")
  func again() throws {
    let found = try image(prediction(#"{"prompt":"a fox","size":"1*1","seed":7,"images":["x"]}"#))
    let arguments = try #require(found["vary"]?["arguments"])
    #expect(found["vary"]?["name"]?.string == "generate_image")
    #expect(arguments["prompt"]?.string == "a fox" && arguments["model"]?.string == "acme/painter")
    #expect(arguments["again"]?.bool == true)
    #expect(arguments["parameters"]?.string == #"{"size":"1*1","images":["x"]}"#)
    #expect(try image(prediction(#"{"prompt":"a fox"}"#))["vary"]?["arguments"]?["parameters"] == nil)
  }

  @Test("no other image where one might pay twice, or another price")
  func notAgain() throws {
    let input = #"{"prompt":"a fox"}"#
    for status in PredictionStatus.allCases {
      let isOffered = [.completed, .failed, .cancelled].contains(status)
      #expect((try image(prediction(input, status))["vary"] != nil) == isOffered, "\(status)")
    }
    #expect(try image(prediction(input), provider: "openai")["vary"] == nil)
    #expect(try image(prediction(input), provider: Prediction.freeProvider)["free"]?.bool == true)
    #expect(try image(prediction(#"{"image":"x"}"#))["vary"] == nil)
    #expect(try image(prediction(#"{"prompt":"\#(String(repeating: "x", count: 9_000))"}"#))["vary"] == nil)
  }

  @Test("a long prompt and many files are cut")
  func bounded() throws {
    let long = try image(
      prediction(#"{"prompt":"\#(String(repeating: "ü", count: 30_000))"}"#), (1...64).map { file($0) }, room: 500)
    let prompt = try #require(long["prompt"]?.string)
    #expect(prompt.utf8.count <= MCPAppImage.promptLimit + 3 && prompt.hasSuffix("…"))
    #expect((long["files"]?.array?.count ?? 0) < 10)
  }

  @Test("what would turn or hide the words around it is left out of a prompt")
  func safe() throws {
    let found = try image(prediction("{\"prompt\":\"a\\u202eb\\u0007<b>\\n\"}"))
    #expect(found["prompt"]?.string == "ab\u{FFFD}<b>\n")
  }
}
