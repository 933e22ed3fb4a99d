public import JSON

/// The protocol as data: the OpenRPC document and the files of `schemas/`, rendered from the table of methods.
public struct OpenRPCDocument: Sendable {
  private let methods: [Method]
  private let version: String

  /// - Parameter version: the version of the program.
  public init(_ table: MethodTable, version: String) {
    methods = table.methods.filter(\.isDescribed)
    self.version = version
  }

  // MARK: - OpenRPC

  /// The result of `rpc.discover` and the contents of `openrpc.json`. OpenRPC 1.3.2 is the newest version that common tools
  /// read. It has no place for notifications of a server; they are in `x-notifications`.
  public var openRPC: JSONValue {
    [
      "openrpc": "1.3.2",
      "info": [
        "title": "imagewire", "version": .string(version),
        "description": """
        Image generation over JSON-RPC 2.0 on standard input and output, one message a line or with Content-Length \
        headers. Params may be given by name, by position, or both: an object last in the array is taken by name.
        """,
        "license": ["name": "MIT"],
      ],
      "methods": .array(methods.map(described)),
      "x-notifications": .array(
        Notification.all.map { notification in
          let example = Self.examples[notification.name]?["params"]
          return .object(
            JSONObject(
              [
                ("name", .string(notification.name)), ("summary", .string(notification.summary)),
                ("params", notification.params().json(.components)),
              ] + (example.map { [("examples", [$0])] } ?? [])))
        }),
      "components": [
        "schemas": .object(
          JSONObject(Definition.allCases.map { ($0.rawValue, $0.schema.json(.components)) })),
        "errors": .object(
          JSONObject(ErrorKind.all.map { ($0.type, Self.error($0)) })),
      ],
    ]
  }

  private func described(_ method: Method) -> JSONValue {
    var members: [(String, JSONValue)] = [
      ("name", .string(method.name)), ("summary", .string(method.summary)), ("paramStructure", "either"),
      (
        "params",
        .array(
          method.parameters.map { parameter in
            let schema = parameter.isRequired ? parameter.schema() : parameter.schema().orNull
            return [
              "name": .string(parameter.name), "required": .bool(parameter.isRequired),
              "schema": schema.json(.components),
            ]
          })
      ),
    ]
    if let result = method.result {
      members.append(("result", ["name": "result", "schema": result().json(.components)]))
    }
    let errors = (method.isStrict ? [.invalidParams] : []) + method.errors()
    if !errors.isEmpty {
      members.append(
        ("errors", .array(errors.map { ["$ref": .string("#/components/errors/\($0.type)")] })))
    }
    if let example = Self.examples[method.name] { members.append(("examples", [Self.pairing(example)])) }
    return .object(JSONObject(members))
  }

  /// By method; see `MethodExamples`.
  private static let examples: JSONValue = (try? JSONValue(parsing: MethodExamples.json)) ?? [:]

  /// An example in OpenRPC's words.
  private static func pairing(_ example: JSONValue) -> JSONValue {
    let params = example["params"]?.object?.members ?? []
    let result = example["result"].map { [("result", ["name": "result", "value": $0] as JSONValue)] }
    return .object(
      JSONObject(
        [
          ("name", "example"),
          ("params", .array(params.map { ["name": .string($0.name), "value": $0.value] })),
        ] + (result ?? [])))
  }

  private static func error(_ kind: ErrorKind) -> JSONValue {
    [
      "code": .number(JSONNumber(kind.code)), "message": .string(kind.summary),
      "data": .object(
        JSONObject(
          [("type", .string(kind.type))] + (kind.isRetryable.map { [("retryable", .bool($0))] } ?? []))),
    ]
  }

  // MARK: - Files

  /// The files of `schemas/`, by name without `.json`, in the order of the table.
  public var files: [(name: String, contents: JSONValue)] {
    [("openrpc", openRPC)]
      + Definition.allCases.map { (String($0.file.dropLast(5)), Self.file($0.schema)) }
      + methods.map { (Self.fileName($0.name), Self.file(exchange($0))) }
      + Notification.all.map { (Self.fileName($0.name), Self.file(message($0))) }
      + [("error", Self.file(.oneOf(ErrorKind.all.map(\.schema)).about("The error member of a response.")))]
  }

  /// `$/progress` is in `progress.json`, `prediction/updated` in `prediction-updated.json`.
  private static func fileName(_ method: String) -> String {
    let path = method.split(separator: "/")
    return (path.first == "$" ? path.dropFirst() : path[...]).joined(separator: "-")
  }

  private static func file(_ schema: Schema) -> JSONValue {
    let dialect = ("$schema", JSONValue.string("https://json-schema.org/draft/2020-12/schema"))
    return .object(JSONObject([dialect] + (schema.json(.files).object?.members ?? []).map { ($0.name, $0.value) }))
  }

  /// A method with its params, by name, and its result.
  private func exchange(_ method: Method) -> Schema {
    let params = Schema.params(of: method.parameters, isStrict: method.isStrict, oneOf: method.alternatives)
    var members: [(String, Schema)] = [("method", .only(.string(method.name))), ("params", params)]
    if let result = method.result { members.append(("result", result())) }
    return .object(members, optional: ["params"], others: false).about(method.summary)
  }

  private func message(_ notification: Notification) -> Schema {
    .object(["method": .only(.string(notification.name)), "params": notification.params()], others: false)
      .about(notification.summary)
  }
}
