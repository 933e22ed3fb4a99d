internal import Predictions

/// A keyring of the system, by the name of the program that reads and writes it.
enum KeyStore: String, Sendable, CaseIterable {
  /// freedesktop's Secret Service (GNOME Keyring, KWallet), by libsecret's program.
  case secretTool = "secret-tool"
  /// The keychain of macOS.
  case security

  /// All names, for messages.
  static var names: String { allCases.map(\.rawValue).joined(separator: " or ") }

  /// The keyring of this machine; `nil` where none is installed.
  static var installed: KeyStore? { allCases.first { ChildProcess.finds($0.rawValue) } }

  /// How long the keyring may take, in milliseconds: the user may have to unlock it.
  private static let patience = 60_000

  /// The key of a provider. Blocks until the keyring answers.
  func key(of provider: String) -> Result<String, KeyStoreFailure> {
    let arguments =
      switch self {
      case .secretTool: ["lookup", "service", "imagewire", "provider", provider]
      case .security: ["find-generic-password", "-s", "imagewire", "-a", provider, "-w"]
      }
    guard let ended = ChildProcess.run(rawValue, arguments, input: [], patience: Self.patience) else {
      return .failure(KeyStoreFailure(message: "\(rawValue), which has the \(provider) key, could not be run."))
    }
    guard ended.status == 0,
      case .given(.text(let key), _) = APIKey.parse(
        String(decoding: ended.output, as: UTF8.self), called: rawValue, origin: rawValue)
    else {
      return .failure(
        KeyStoreFailure(message: "\(rawValue) has no \(provider) key of imagewire, or did not return it."))
    }
    return .success(key)
  }

  /// Stores the key of a provider and replaces an earlier one. The key goes through a pipe and never into an argument, which
  /// other users could read.
  func save(_ key: String, of provider: String) -> KeyStoreFailure? {
    let arguments: [String]
    let input: String
    switch self {
    case .secretTool:
      arguments = ["store", "--label=imagewire: \(provider)", "service", "imagewire", "provider", provider]
      input = key
    case .security:
      arguments = ["-i"]
      let quoted = key.flatMap { $0 == "\\" || $0 == "\"" ? ["\\", $0] : [$0] }
      input = "add-generic-password -U -s imagewire -a \(provider) -w \"\(String(quoted))\"\n"
    }
    let ended = ChildProcess.run(rawValue, arguments, input: Array(input.utf8), patience: Self.patience)
    return ended?.status == 0 ? nil : KeyStoreFailure(message: "\(rawValue) did not store the key.")
  }
}

/// A failure of a keyring.
struct KeyStoreFailure: Error {
  /// One sentence; never a key.
  var message: String
}
