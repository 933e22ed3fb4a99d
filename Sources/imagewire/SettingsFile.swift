internal import JSON
internal import Predictions
internal import Providers

/// The config file: a JSON object of strings; limits may also be numbers, switches also `true` and `false`. `allow_input` may be
/// a list of strings.
struct SettingsFile: Sendable {
  /// Every field that this version knows.
  static let fields =
    [
      "provider", "model", "state_dir", "store", "output_dir", "allow_input", "allow_roots", "log", "max_spend_strict",
      "agent_max_images", "agent_max_spend", "confirm_above", "max_output_bytes", "tool_wait", "retain",
    ]
    + ProviderList.descriptors.filter { $0.access != nil }.flatMap {
      [$0.keyField, $0.keyFileField, $0.keyStoreField, $0.baseURLField]
    } + own.map(\.field)

  /// The fields of settings that only one provider has.
  private static let own = ProviderList.descriptors.flatMap { descriptor in
    (descriptor.access?.settings ?? []).map { (field: descriptor.field(of: $0), setting: $0) }
  }

  /// The fields that may also be `true` or `false`.
  private static let switches =
    ["max_spend_strict", "allow_roots"]
    + own.filter { if case .onOrOff = $0.setting.values { true } else { false } }.map(\.field)

  /// Its path, whether it exists or not.
  let path: String
  /// The whole object with unknown fields; empty where there is no file or it cannot be used.
  private(set) var object = JSONObject()
  /// The reason that it cannot be used, as one sentence; `nil` where it can or where there is no file.
  private(set) var problem: String?
  /// Fields that were ignored, in sentences.
  private(set) var warnings: [String] = []

  /// - Parameters:
  ///   - path: absolute.
  ///   - read: reads a file.
  init(path: String, read: (String) -> SmallFile) {
    self.path = path
    switch read(path) {
    case .absent: return
    case .unreadable(let reason): problem = "\(path) \(reason)."
    case .bytes(let bytes):
      guard let object = (try? JSONValue(parsing: bytes))?.object else {
        problem = bytes.allSatisfy { $0 <= 0x20 } ? "\(path) is empty." : "\(path) is not a JSON object."
        return
      }
      check(object)
      if problem == nil { self.object = object }
    }
  }

  /// A field that resembles a known one is an error. Any other unknown field is a warning: several versions share the file.
  private mutating func check(_ object: JSONObject) {
    for member in object.members {
      guard Self.fields.contains(member.name) else {
        if let meant = Spelling.nearest(to: member.name, among: Self.fields) {
          problem = problem ?? "\(path) has a field \"\(member.name)\"; \"\(meant)\" is probably meant."
        } else {
          warnings.append("\(path) has a field \"\(member.name)\", which this version does not know and ignores.")
        }
        continue
      }
      if Self.text(of: member.name, member.value) == nil, Self.list(of: member.name, member.value) == nil {
        let type =
          Self.isList(member.name) ? "string or a list of strings" : Self.isNumber(member.name) ? "number" : "string"
        problem = problem ?? "\(path): \(member.name) must be a \(type)."
      }
    }
  }

  /// The value of a field; `nil` where it is not there.
  subscript(field: String) -> String? {
    object[field].flatMap { Self.text(of: field, $0) }
  }

  /// The values of a field that may have several; empty where it is not there.
  func list(_ field: String) -> [String] {
    object[field].flatMap { Self.list(of: field, $0) ?? Self.text(of: field, $0).map { [$0] } } ?? []
  }

  /// Whether a field may also be a list of strings.
  private static func isList(_ field: String) -> Bool { field == "allow_input" }

  /// The values of a field as a list; `nil` where it is none, or has the wrong type.
  private static func list(of field: String, _ value: JSONValue) -> [String]? {
    guard isList(field), let elements = value.array else { return nil }
    let texts = elements.compactMap(\.string)
    return texts.count == elements.count ? texts : nil
  }

  /// Whether a field may also be a number.
  private static func isNumber(_ field: String) -> Bool {
    field.hasPrefix("agent_max_") || ["confirm_above", "max_output_bytes", "tool_wait", "retain"].contains(field)
  }

  /// The value of a field as text; `nil` where it has the wrong type.
  private static func text(of field: String, _ value: JSONValue) -> String? {
    let isNumber = isNumber(field) && value.number != nil
    let isSwitch = switches.contains(field) && value.bool != nil
    return isNumber || isSwitch ? value.text : value.string
  }
}
