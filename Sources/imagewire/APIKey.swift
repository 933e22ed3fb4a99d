/// A provider's key, or where it is kept.
enum APIKey: Sendable {
  /// The key itself.
  case text(String)
  /// In the system's keyring, which is asked only when a provider is needed: it may ask the user to unlock it.
  case stored(KeyStore)

  /// Reads a key as people and hosts write it.
  ///
  /// - Parameter name: what the text is the value of, for the sentence that says what is wrong with it.
  static func parse(_ text: String, called name: String, origin: String) -> Setting<APIKey> {
    var bytes = Array(text.utf8)[...]
    while let last = bytes.last, last <= 0x20 { bytes.removeLast() }
    while let first = bytes.first, first <= 0x20 { bytes.removeFirst() }
    guard !bytes.isEmpty else { return .broken("\(name) is empty.", origin: origin) }
    // A host that does not expand its own variables passes their names on.
    if bytes.starts(with: "${".utf8) {
      return .broken("\(name) holds a placeholder that was not replaced by a key.", origin: origin)
    }
    guard bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), bytes.count <= 4_096 else {
      return .broken("\(name) holds characters that no key has.", origin: origin)
    }
    return .given(.text(String(decoding: bytes, as: UTF8.self)), origin: origin)
  }

  /// Reads the key in a file.
  ///
  /// - Parameter name: the variable or field that names the file.
  static func parse(fileAt path: String, called name: String, read: (String) -> SmallFile) -> Setting<APIKey> {
    guard !path.isEmpty else { return .broken("\(name) is empty.", origin: name) }
    switch read(path) {
    case .absent: return .broken("\(name) names \(path), which does not exist.", origin: name)
    case .unreadable(let reason): return .broken("\(name) names \(path), which \(reason).", origin: name)
    case .bytes(let bytes):
      return parse(String(decoding: bytes, as: UTF8.self), called: "The key file \(path)", origin: name)
    }
  }
}

extension Setting<APIKey> {
  /// The key itself; asks the keyring where it is kept there.
  func resolved(for provider: String) -> Setting<String> {
    switch self {
    case .absent: .absent
    case .broken(let reason, let origin): .broken(reason, origin: origin)
    case .given(.text(let key), let origin): .given(key, origin: origin)
    case .given(.stored(let store), let origin):
      switch store.key(of: provider) {
      case .success(let key): .given(key, origin: origin)
      case .failure(let failure): .broken(failure.message, origin: origin)
      }
    }
  }
}
