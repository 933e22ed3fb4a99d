internal import Predictions

/// The folders that an agent may choose and whose paths it may see: the output folder and those of `--allow-output`.
///
/// Only the text of a path counts: a path with `..` after such a folder is outside of it.
struct MCPFolders: Sendable, Equatable {
  /// The folders as the user wrote them.
  let names: [String]
  private let folders: [String]

  init(_ directories: [AgentDirectory]) {
    names = directories.map(\.path)
    folders = directories.flatMap { [$0.path, $0.realPath] }
  }

  /// Whether a path is one of the folders or inside one.
  func contains(_ path: String) -> Bool {
    guard path.utf8.first == UInt8(ascii: "/"), !path.utf8.contains(0) else { return false }
    let parts = Self.parts(path)
    return folders.contains { folder in
      let start = Self.parts(folder)
      guard parts.count >= start.count, zip(parts, start).allSatisfy({ $0.utf8.elementsEqual($1.utf8) }) else {
        return false
      }
      return !parts[start.count...].contains("..")
    }
  }

  /// The components of a path, without empty ones and `.`.
  private static func parts(_ path: String) -> [String] {
    path.split(separator: "/").filter { $0 != "." }.map(String.init)
  }
}
