internal import HTTP
internal import Predictions

/// The configured key and base URL of one provider.
struct ProviderSettings: Sendable {
  let descriptor: ProviderDescriptor
  let access: ProviderAccess
  var key: Setting<APIKey>
  var baseURL: Setting<String>
  /// The settings that only this provider has, by name.
  let own: [String: Setting<String>]

  /// The reason that it cannot be used; `nil` where there is none.
  var problem: String? { key.problem ?? baseURL.problem ?? ownProblem }

  /// The reason that one of its own settings cannot be used.
  var ownProblem: String? { access.settings.lazy.compactMap { own[$0.name]?.problem }.first }

  /// The base URL as the user wrote it, or the default.
  var address: String { baseURL.value ?? access.defaultBaseURL }

  /// Whether it works without a key: the user's own server may.
  var needsNoKey: Bool { access.hasOwnServers && baseURL.isNamed }

  /// A sentence that says how to configure it.
  var hint: String {
    let (key, address) = (descriptor.keyVariable, descriptor.baseURLVariable)
    let path = access.defaultPath.isEmpty ? "" : " (with its \(access.defaultPath))"
    return access.hasOwnServers
      ? "Set \(key), or \(address) to a server of your own\(path), which may need no key."
      : "Run imagewire setup, set \(key) or \(key)_FILE, or use the provider \"\(Prediction.freeProvider)\", which needs no key."
  }

  /// The key itself; reads it from the keyring where it is stored there.
  func resolvedKey() -> Setting<String> { key.resolved(for: descriptor.name) }

  /// A sentence about a key or an address that is not used unless the provider is named; `nil` where there is none.
  var unused: String? {
    guard !access.isDefaultWithKey else { return nil }
    let found: String
    switch (key, baseURL) {
    case (.given(_, let origin), _):
      found = origin == descriptor.keyVariable ? origin : "The \(descriptor.title) key from \(origin)"
    case (_, .given(_, let origin)):
      found = origin == descriptor.baseURLVariable ? origin : "The \(descriptor.title) base URL from \(origin)"
    default: return nil
    }
    return "\(found) is set and not used: --provider \(descriptor.name) would use it, and may cost money."
  }
}

extension ProviderAccess {
  /// The base URL, with the default path where it has none.
  func completed(_ baseURL: String) -> String { BaseURL(baseURL, defaultPath: defaultPath).text }
}
