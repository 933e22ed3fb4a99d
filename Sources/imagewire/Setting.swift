/// A setting and its source. A broken setting is an error where it is needed and never counts as absent, so that a misspelt
/// path or an empty key does not select another provider.
enum Setting<Value: Sendable>: Sendable {
  /// Not configured.
  case absent
  /// Configured. `origin` names the option, the variable or the file.
  case given(Value, origin: String)
  /// Configured, but it cannot be used. The text says why in full sentences, without a secret.
  case broken(String, origin: String)

  /// The value; `nil` where there is none or it cannot be used.
  var value: Value? {
    if case .given(let value, _) = self { value } else { nil }
  }

  /// The reason that it cannot be used, in full sentences; `nil` where it can.
  var problem: String? {
    if case .broken(let reason, _) = self { reason } else { nil }
  }

  /// The option, the variable or the file; `nil` where it is not configured.
  var origin: String? {
    switch self {
    case .absent: nil
    case .given(_, let origin), .broken(_, let origin): origin
    }
  }

  /// Whether it is configured, usable or not.
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
