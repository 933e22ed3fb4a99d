import JSON
import Predictions
import Providers
import Testing

@testable import Service

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

@Suite("The protocol as data")
struct SchemaTests {
  private static let folder = "\(#filePath.dropLast("Tests/ServiceTests/SchemaTests.swift".count))schemas"

  private static func contents(_ name: String) -> String? {
    guard let file = fopen("\(folder)/\(name)", "r") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    while case let byte = getc(file), byte != EOF { bytes.append(UInt8(byte)) }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func namesInFolder() -> Set<String> {
    guard let directory = opendir(folder) else { return [] }
    defer { closedir(directory) }
    var names: Set<String> = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name.hasSuffix(".json") { names.insert(name) }
    }
    return names
  }

  private static let table = MethodTable(providers: ProviderList.descriptors)

  /// The document with the version of the files; a program test checks that it is the version of the program.
  private static func book() throws -> OpenRPCDocument {
    let document = try JSONValue(parsing: try #require(contents("openrpc.json")))
    return OpenRPCDocument(table, version: try #require(document["info"]?["version"]?.string))
  }

  @Test("the files in schemas/ are rendered from the table (`make schemas`)")
  func filesAreRendered() throws {
    let files = try Self.book().files
    #expect(Self.namesInFolder() == Set(files.map { "\($0.name).json" }))
    for file in files {
      #expect(
        Self.contents("\(file.name).json") == file.contents.indented + "\n", "\(file.name).json: run `make schemas`")
    }
  }

  @Test func everyMethodButThoseOfMCPIsDescribedOnce() throws {
    let foreign = Method(mcp: "tools/list", "MCP's own.", body: .now { _, _ in .empty })
    let table = MethodTable(Method.predictions + Method.lifecycle([]) + [foreign])
    let book = OpenRPCDocument(table, version: "1")
    let names = try #require(book.openRPC["methods"]?.array).map { $0["name"]?.string }
    #expect(names == table.methods.map(\.name).filter { $0 != "tools/list" })
    #expect(Set(book.files.map(\.name)).count == book.files.count)
  }

  /// OpenRPC requires it, and positional calls would be impossible otherwise.
  @Test func requiredParametersComeFirst() {
    for method in Self.table.methods {
      let required = method.parameters.map(\.isRequired)
      #expect(required == required.sorted { $0 && !$1 }, "\(method.name)")
    }
  }

  /// `Prediction+JSON` and the schema have the same fields.
  @Test func theSchemaOfAPredictionHasTheFieldsThatAreWritten() throws {
    var it = Prediction(
      id: PredictionID(sequence: 1_795_437_296_789 << 12, lowBits: 7), provider: "sandbox", model: "m",
      input: Array(#"{"prompt":"a fox"}"#.utf8), metadata: nil, tags: [], idempotencyKey: nil, fingerprint: [1],
      account: "acc", outputDirectory: "/out")
    it.status = .completed
    it.files = [OutputFile(path: "/x.png", mediaType: "image/png", bytes: 9, sha256: "", width: 1, height: 1)]
    it.files[0].location = "s3://pictures/x.png"
    it.files[0].milliseconds = 1
    it.providerData = Array(#"{"usage":{}}"#.utf8)
    it.failure = PredictionFailure(.downloadFailed, retryable: false, message: "")
    it.failure?.missing = [1]
    it.failure?.partial = [PartialFile(index: 1, path: "/x.png.partial", bytes: 1, sha256: "")]
    it.waitsFor = [it.id]
    it.preview = Preview(path: "/p/x.png", mediaType: "image/png", bytes: 9, width: 2, height: 3, index: 0)
    var json = JSONWriter()
    let snapshot = PredictionSnapshot(
      it, resultURL: nil, waiting: Waiting(reason: .rateLimited, until: 0),
      warnings: [InputSchema.Problem(path: "input.x", message: "It may not be known.")])
    snapshot.write(to: &json, PredictionEncodingOptions(contents: { _, _ in false }))
    // What changes with time is added to the bytes that are kept.
    let whole = Expectation(remaining: 1_500, share: 0.25).added(to: json.bytes)
    #expect(try JSONValue(parsing: whole)["eta_ms"]?.int64 == 1_500)
    #expect(try JSONValue(parsing: whole)["progress"]?.number?.double == 0.25)
    let written = try #require(try JSONValue(parsing: whole).object).members.map(\.name)
    let schema = Schema.wholePrediction.json(.inline)
    #expect(schema["properties"]?.object?.members.map(\.name) == written)
    #expect(try JSONValue(parsing: json.bytes)["provider_data"]?.text == #"{"usage":{}}"#)
    func members(_ value: JSONValue?) -> [String]? { value?.object?.members.map(\.name) }
    let failure = try JSONValue(parsing: json.bytes)["failure"]
    let ofFailure = schema["properties"]?["failure"]?["properties"]
    #expect(members(ofFailure) == members(failure))
    #expect(members(ofFailure?["partial"]?["items"]?["properties"]) == members(failure?["partial"]?.array?.first))
    let ofFile = members(schema["properties"]?["files"]?["items"]?["properties"])
    #expect(ofFile?.filter { $0 != "base64" } == members(try JSONValue(parsing: json.bytes)["files"]?.array?.first))
    let preview = try #require(try JSONValue(parsing: json.bytes)["preview"]?.object).members.map(\.name)
    #expect(schema["properties"]?["preview"]?["properties"]?.object?.members.map(\.name) == preview)
    #expect(schema["properties"]?["status"]?["enum"] == .array(PredictionStatus.allCases.map { .string($0.rawValue) }))
  }

  @Test("references have three forms, and optional values may be null")
  func rendering() {
    #expect(Schema.prediction.json(.components) == ["$ref": "#/components/schemas/Prediction"])
    #expect(Schema.prediction.json(.files) == ["$ref": "prediction.json"])
    #expect(Schema.array(of: .prediction).json(.inline)["items"]?["title"] == "Prediction")
    #expect(Schema.word(["a"]).orNull.json(.inline).text == #"{"type":["string","null"],"enum":["a",null]}"#)
    #expect(
      Schema.only(1).orNull.json(.inline).text == #"{"anyOf":[{"const":1},{"type":"null"}]}"#)
    #expect(Schema.any.orNull == Schema.any)
    let params = Schema.params(
      of: [
        .init("id", isRequired: true, { .id }), .init("n", isRequired: false, { .integer() }),
      ], isStrict: true, oneOf: [])
    #expect(params.json(.inline)["required"] == ["id"])
    #expect(params.json(.inline)["additionalProperties"] == false)
    #expect(params.json(.inline)["properties"]?["n"]?["type"] == ["integer", "null"])
  }
}
