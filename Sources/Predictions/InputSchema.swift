public import JSON

/// A model's JSON Schema, and the violations of it that are certain.
///
/// Only a subset of JSON Schema is read: `type`, `enum`, `const`, `minimum`, `maximum` and their exclusive kinds,
/// `minLength`, `maxLength`, `items`, `minItems`, `maxItems`, `properties` and `required`, in the dialects from
/// draft-04 to 2020-12 and OpenAPI. Everything else (`pattern`, `oneOf`, `$ref`, keywords of an unexpected type) is
/// left to the provider. Only definite violations are reported; unknown fields are allowed (see `UnknownFields`). A
/// `null` means "not given", and a required field that has a default may be omitted.
public struct InputSchema: Sendable, Equatable {
  /// One violation.
  public struct Problem: Sendable, Equatable {
    /// The path of the field: `input.size`, `input.images[1]`.
    public var path: String
    /// One sentence without a full stop that names the field and its allowed values.
    public var message: String

    /// A problem.
    public init(path: String, message: String) {
      self.path = path
      self.message = message
    }
  }

  /// How many problems are reported at most.
  public static let mostProblems = 32

  let root: JSONValue

  /// A schema that was read.
  public init(_ schema: JSONValue) {
    root = schema
  }

  /// A schema from its JSON; one without rules where the bytes are not JSON.
  public init(_ bytes: [UInt8]) {
    self.init((try? JSONValue(parsing: bytes)) ?? .null)
  }

  /// The violations of an input, in the order of the schema; empty where none is certain.
  public func problems(with input: JSONObject, at path: String = "input") -> [Problem] {
    var problems: [Problem] = []
    Self.check(.object(input), against: root, at: path, &problems)
    return problems
  }

  private static func check(
    _ value: JSONValue, against schema: JSONValue, at path: String, _ problems: inout [Problem]
  ) {
    // Beside a `$ref`, draft-07 ignores every other keyword and 2020-12 does not.
    guard problems.count < mostProblems, let schema = schema.object, schema["$ref"] == nil else { return }
    func report(_ message: String) {
      if problems.count < mostProblems { problems.append(Problem(path: path, message: "\(path) \(message)")) }
    }
    if let types = types(of: schema), !types.contains(where: { fits(value, $0) }) {
      // A value of another type: the other keywords do not apply to it.
      return report("must be \(listed(types.map(named))), not \(article(value.kind))")
    }
    if let allowed = schema["enum"]?.array, !allowed.contains(where: { $0.equals(value) }) {
      report("is \(shown(value)); it may be \(listed(allowed.prefix(mostShown).map(shown)))\(rest(allowed))")
    }
    if let only = schema["const"], !only.equals(value) { report("is \(shown(value)); it may be \(shown(only))") }
    switch value {
    case .number(let number): checkRange(number, schema, report)
    case .string(let text):
      checkCount(schema, "Length", of: "character", report) { text.unicodeScalars.count }
    case .array(let elements):
      checkCount(schema, "Items", of: "element", report) { elements.count }
      // With `prefixItems`, `items` applies only to the elements after them.
      if let items = schema["items"], schema["prefixItems"] == nil {
        for (index, element) in elements.enumerated() {
          check(element, against: items, at: "\(path)[\(index)]", &problems)
        }
      }
    case .object(let object): checkMembers(of: object, schema, at: path, &problems)
    case .null, .bool: break
    }
  }

  private static func checkMembers(
    of object: JSONObject, _ schema: JSONObject, at path: String, _ problems: inout [Problem]
  ) {
    let properties = schema["properties"]?.object ?? JSONObject()
    for name in schema["required"]?.array?.compactMap(\.string) ?? [] where problems.count < mostProblems {
      let property = properties[name]?.object
      let isGiven = object[name].map { !$0.isNull || takesNull(property) } ?? false
      if !isGiven, property?["default"] == nil {
        problems.append(Problem(path: "\(path).\(name)", message: "\(path).\(name) is missing"))
      }
    }
    for property in properties.members {
      guard let value = object[property.name], !value.isNull else { continue }
      check(value, against: property.value, at: "\(path).\(property.name)", &problems)
    }
  }

  private static func takesNull(_ schema: JSONObject?) -> Bool {
    guard let schema, let types = types(of: schema) else { return true }
    return types.contains("null")
  }

  // MARK: - Kinds

  private static let kinds: Set<String> = ["null", "boolean", "integer", "number", "string", "array", "object"]

  /// The allowed types; `nil` where the schema names none or an unknown one.
  private static func types(of schema: JSONObject) -> [String]? {
    var types: [String]
    switch schema["type"] {
    case .string(let one)?: types = [one]
    case .array(let several)?: types = several.map { $0.string ?? "" }
    default: return nil
    }
    guard !types.isEmpty, types.allSatisfy(kinds.contains) else { return nil }
    // OpenAPI 3.0 has no type `null`.
    if schema["nullable"]?.bool == true { types.append("null") }
    return types
  }

  private static func fits(_ value: JSONValue, _ type: String) -> Bool {
    switch value {
    case .number(let number): type == "number" || type == "integer" && isInteger(number)
    default: value.kind == type
    }
  }

  private static func isInteger(_ number: JSONNumber) -> Bool {
    // A number beyond 64 bits is an integer too.
    number.int64 != nil || abs(number.double) >= 9e18
  }

  private static func named(_ type: String) -> String { type == "null" ? type : article(type) }

  private static func article(_ kind: String) -> String {
    switch kind {
    case "null": "null"
    case "array", "object", "integer": "an \(kind)"
    default: "a \(kind)"
    }
  }

  // MARK: - Numbers and counts

  private static func checkRange(_ number: JSONNumber, _ schema: JSONObject, _ report: (String) -> Void) {
    func equal(_ other: JSONNumber) -> Bool { number.canonicalSpelling == other.canonicalSpelling }
    let value = number.double
    if let least = schema["minimum"]?.number {
      // In draft-04 and OpenAPI 3.0 the keyword is a flag: the limit itself is excluded.
      let isExclusive = schema["exclusiveMinimum"]?.bool == true
      if value < least.double || isExclusive && equal(least) {
        report("is \(shown(number)); it must be \(isExclusive ? "more than" : "at least") \(shown(least))")
      }
    }
    if let most = schema["maximum"]?.number {
      let isExclusive = schema["exclusiveMaximum"]?.bool == true
      if value > most.double || isExclusive && equal(most) {
        report("is \(shown(number)); it must be \(isExclusive ? "less than" : "at most") \(shown(most))")
      }
    }
    if let limit = schema["exclusiveMinimum"]?.number, value < limit.double || equal(limit) {
      report("is \(shown(number)); it must be more than \(shown(limit))")
    }
    if let limit = schema["exclusiveMaximum"]?.number, value > limit.double || equal(limit) {
      report("is \(shown(number)); it must be less than \(shown(limit))")
    }
  }

  private static func checkCount(
    _ schema: JSONObject, _ what: String, of unit: String, _ report: (String) -> Void, _ count: () -> Int
  ) {
    let least = schema["min\(what)"]?.int64
    let most = schema["max\(what)"]?.int64
    guard least != nil || most != nil else { return }
    let count = count()
    func counted(_ number: Int64) -> String { "\(number) \(unit)\(number == 1 ? "" : "s")" }
    if let least, count < least { report("has \(counted(Int64(count))); at least \(least) must be there") }
    if let most, count > most { report("has \(counted(Int64(count))); at most \(most) may be there") }
  }

  // MARK: - Values

  private static let mostShown = 12

  private static func rest(_ allowed: [JSONValue]) -> String {
    allowed.count > mostShown ? " (and \(allowed.count - mostShown) more)" : ""
  }

  private static func listed(_ words: some Collection<String>) -> String {
    guard words.count > 1, let last = words.suffix(1).first else { return words.first ?? "nothing" }
    return "\(words.dropLast().joined(separator: ", ")) or \(last)"
  }

  private static func shown(_ number: JSONNumber) -> String { shown(.number(number)) }

  private static func shown(_ value: JSONValue) -> String {
    let text = value.text
    return text.utf8.count <= 60 ? text : "\(text.prefix(60))…"
  }
}
