/// A provider's key, or the keyring that has it.
enum APIKey: Sendable {
  /// The key itself.
  case text(String)
  /// In the system's keyring. It is read only when a provider is needed, since the user may have to unlock it.
  case stored(KeyStore)

  /// Reads a key; white space around it is ignored.
  ///
  /// - Parameter name: names the source of the text in an error message.
  static func parse(_ text: String, called name: String, origin: String) -> Setting<APIKey> {
    var bytes = Array(text.utf8)[...]
    while let last = bytes.last, last <= 0x20 { bytes.removeLast() }
    while let first = bytes.first, first <= 0x20 { bytes.removeFirst() }
    guard !bytes.isEmpty else { return .broken("\(name) is empty.", origin: origin) }
    // A host that does not expand its variables passes their names.
    if bytes.starts(with: "${".utf8) {
      return .broken("\(name) contains a placeholder that was not replaced by a key.", origin: origin)
    }
    guard bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), bytes.count <= 4_096 else {
      return .broken("\(name) contains invalid characters.", origin: origin)
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
  /// The key itself, read from the keyring where it is there.
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
