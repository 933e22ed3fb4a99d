/// One setting as it was found. A broken one is an error where it is needed: it never counts as absent, so that a misspelt
/// path or an empty key cannot end in another provider.
enum Setting<Value: Sendable>: Sendable {
  /// It is named nowhere.
  case absent
  /// It is there. `origin` names the option, the variable or the file that has it.
  case given(Value, origin: String)
  /// It is named and cannot be used. The sentences say why; never with a secret in them.
  case broken(String, origin: String)

  /// The value, where there is one that can be used.
  var value: Value? {
    if case .given(let value, _) = self { value } else { nil }
  }

  /// Why it cannot be used, in sentences; `nil` where nothing is wrong.
  var problem: String? {
    if case .broken(let reason, _) = self { reason } else { nil }
  }

  /// Where it was found; `nil` where it is named nowhere.
  var origin: String? {
    switch self {
    case .absent: nil
    case .given(_, let origin), .broken(_, let origin): origin
    }
  }

  /// Whether it is named, usable or not.
  var isNamed: Bool { origin != nil }

  /// The same setting with its value converted; a broken one stays broken.
  func map<Other>(_ convert: (Value) -> Other) -> Setting<Other> {
    switch self {
    case .absent: .absent
    case .given(let value, let origin): .given(convert(value), origin: origin)
    case .broken(let reason, let origin): .broken(reason, origin: origin)
    }
  }
}
