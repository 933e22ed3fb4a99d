internal import JSON

extension Prediction {
  /// The first field in which the content of two requests differs, as a path: `model`, `input.prompt`; `nil` where none
  /// does, or an input cannot be read.
  public func difference(to other: Prediction) -> String? {
    if provider != other.provider { return "provider" }
    if model != other.model { return "model" }
    if (uploads == .none) != (other.uploads == .none) { return "upload" }
    guard let ours = inputObject, let theirs = other.inputObject else { return nil }
    let (before, after) = (Self.byName(ours), Self.byName(theirs))
    func canonical(_ value: JSONValue) -> [UInt8] {
      Fingerprint.of(provider: "", model: "", input: JSONObject([("", value)]), sendsFiles: uploads != .none)
    }
    return (theirs.members + ours.members).first { field in
      let name = Array(field.name.utf8)
      guard let before = before[name], let after = after[name] else { return true }
      return canonical(before) != canonical(after)
    }.map { "input.\($0.name)" }
  }

  /// By the bytes of a name, since names are equal where their code points are (RFC 8259 section 8.3). One search a name
  /// would take quadratic time: an input may have 200,000 fields, and the write lock is held meanwhile.
  private static func byName(_ object: JSONObject) -> [[UInt8]: JSONValue] {
    Dictionary(object.members.map { (Array($0.name.utf8), $0.value) }) { _, last in last }
  }

  /// The prompt, where the input is loaded.
  public var prompt: String? { inputObject?["prompt"]?.string }

  private var inputObject: JSONObject? { (try? JSONValue(parsing: input ?? []))?.object }
}
