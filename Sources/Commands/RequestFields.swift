internal import JSON
internal import Predictions

/// The parameters of `submit`, `quote` and `validate` that the options of a command line describe. Pure.
struct RequestFields {
  private let invocation: Invocation
  private let folder: String
  private let isFolder: (String) -> Bool

  /// - Parameters:
  ///   - folder: the working directory, to which paths are relative.
  ///   - isFolder: whether there is a folder at an absolute path.
  init(_ invocation: Invocation, folder: String, isFolder: @escaping (String) -> Bool) {
    self.invocation = invocation
    self.folder = folder
    self.isFolder = isFolder
  }

  /// Images for the field that takes them.
  struct Images {
    /// What stands for them in an input; see `ImageSource.text`.
    var texts: [String]
    var field: ImageField
  }

  /// The parameters by name, as `submit` takes them. Beside files to upload no other value may begin with `@/`, because it
  /// would be uploaded too.
  ///
  /// - Parameters:
  ///   - prompt: `nil` leaves the one of `input`, if it has one.
  ///   - given: an input whose fields the options add to and replace.
  ///   - isUploading: whether `given` names files to upload. Only these files may then be named without `--upload`.
  func members(
    prompt: String?, over given: JSONObject = JSONObject(), isUploading: Bool = false, images: Images? = nil
  ) throws(UsageError) -> JSONObject {
    var input = given
    for member in try givenInput().members { input[member.name] = member.value }
    try addSettings(to: &input)
    let hasFiles = images?.texts.isEmpty == false || !invocation.values("--upload").isEmpty
    let known = isUploading ? FileReferences.find(in: given).map(\.path) : []
    if hasFiles || isUploading, let stray = FileReferences.find(in: input).first(where: { !known.contains($0.path) }) {
      throw UsageError("The value of \(stray.member) begins with @/ and would be read as a file; use --upload for it.")
    }
    if let images { try add(images, to: &input) }
    try addFiles(to: &input)
    if let prompt { input["prompt"] = .string(prompt) }
    var members: [(String, JSONValue)] = [("input", .object(input))]
    if hasFiles || isUploading { members.append(("upload", .bool(true))) }
    for (option, member) in [("--model", "model"), ("--provider", "provider"), ("--key", "idempotency_key")] {
      if let value = invocation.value(option) { members.append((member, .string(value))) }
    }
    if let micros = invocation.value("--max-cost").flatMap({ Double($0) }).flatMap(Money.micros),
      let amount = Self.amount(micros)
    {
      members.append(("max_cost", amount))
    }
    if invocation.has("--max-cost-estimates") { members.append(("max_cost_estimates", .bool(true))) }
    let tags = invocation.values("--tag")
    if !tags.isEmpty { members.append(("tags", .array(tags.map { .string($0) }))) }
    if let path = invocation.value("--output") {
      let target = OutputTarget(Session.absolute(path, in: folder), isFolder: isFolder)
      members.append(("output_dir", .string(target.folder)))
      if let stem = target.stem { members.append(("output_name", .string(stem))) }
    }
    return JSONObject(members)
  }

  /// A price as a number of dollars.
  static func amount(_ micros: Int64) -> JSONValue? { try? JSONValue(parsing: Money.spelling(micros)) }

  private func givenInput() throws(UsageError) -> JSONObject {
    guard let text = invocation.value("--input") else { return JSONObject() }
    guard let object = try? JSONValue(parsing: text).object else {
      throw UsageError("--input must be a JSON object such as '{\"size\":\"1024x1024\"}'.")
    }
    return object
  }

  private func addSettings(to input: inout JSONObject) throws(UsageError) {
    for setting in invocation.values("--set") {
      let parts = setting.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[0].isEmpty else {
        throw UsageError("--set must be NAME=VALUE, such as --set size=1024x1024, not \"\(setting)\".")
      }
      let text = String(parts[1])
      input[String(parts[0])] = (try? JSONValue(parsing: text)) ?? .string(text)
    }
  }

  /// Puts images into their field. Several need a field that takes a list.
  private func add(_ images: Images, to input: inout JSONObject) throws(UsageError) {
    let references = images.texts.map { JSONValue.string($0) }
    guard images.field.isList || references.count == 1 else {
      throw UsageError("The model takes one image, in its field \(images.field.name), not \(references.count).")
    }
    input[images.field.name] = images.field.isList ? .array(references) : references[0]
  }

  /// Sets the field of `image=fox.png`, and adds to the list of `images[]=fox.png`.
  private func addFiles(to input: inout JSONObject) throws(UsageError) {
    for file in invocation.values("--upload") {
      let parts = file.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[0].isEmpty, parts[0] != "[]", !parts[1].isEmpty else {
        throw UsageError("--upload must be NAME=FILE, such as --upload image=fox.png, not \"\(file)\".")
      }
      let reference = JSONValue.string("@\(Session.absolute(String(parts[1]), in: folder))")
      if parts[0].hasSuffix("[]") {
        let name = String(parts[0].dropLast(2))
        input[name] = .array((input[name]?.array ?? []) + [reference])
      } else {
        input[String(parts[0])] = reference
      }
    }
  }
}
