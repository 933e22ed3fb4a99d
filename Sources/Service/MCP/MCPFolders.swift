internal import Predictions

/// The folders whose files an agent may be told of and may choose: the output folder and those of `--allow-output`.
///
/// Judged by the path's own words: what has `..` behind such a folder is outside, wherever it leads.
struct MCPFolders: Sendable, Equatable {
  /// As the user spelled them.
  let names: [String]
  private let folders: [String]

  init(_ directories: [AgentDirectory]) {
    names = directories.map(\.path)
    folders = directories.flatMap { [$0.path, $0.realPath] }
  }

  /// Whether a folder or a file is one of them or inside.
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

  /// The names on the way; doubled slashes and `.` lead nowhere.
  private static func parts(_ path: String) -> [String] {
    path.split(separator: "/").filter { $0 != "." }.map(String.init)
  }
}
