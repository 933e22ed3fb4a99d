#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// The path of this program, as another program should start it.
enum ProgramPath {
  /// The absolute path by which it was started. If its name is a link it stays one, so that an update behind the link is
  /// followed.
  ///
  /// - Parameters:
  ///   - argument: the first word of the command line.
  ///   - path: the variable `PATH`.
  /// - Returns: `nil` where no file is found.
  static func found(_ argument: String, path: String?) -> String? {
    let folders =
      argument.contains("/")
      ? [""] : (path ?? "").split(separator: ":", omittingEmptySubsequences: false).map { $0.isEmpty ? "./" : "\($0)/" }
    for folder in folders {
      if let file = absolute(folder + argument), access(file, X_OK) == 0, isThisProgram(file) { return file }
    }
    #if os(Linux)
      return resolved("/proc/self/exe").flatMap { access($0, X_OK) == 0 ? $0 : nil }
    #else
      return nil
    #endif
  }

  /// A path without links in its folder.
  private static func absolute(_ path: String) -> String? {
    var parts = path.split(separator: "/", omittingEmptySubsequences: false)
    guard let name = parts.popLast(), !name.isEmpty, name != ".", name != ".." else { return nil }
    let folder = parts.isEmpty ? "." : parts.joined(separator: "/")
    return resolved(folder.isEmpty ? "/" : folder).map { $0 == "/" ? "/\(name)" : "\($0)/\(name)" }
  }

  private static func resolved(_ path: String) -> String? {
    guard let pointer = realpath(path, nil) else { return nil }
    defer { free(pointer) }
    return String(cString: pointer)
  }

  private static func isThisProgram(_ file: String) -> Bool {
    #if os(Linux)
      var one = stat()
      var other = stat()
      return stat(file, &one) == 0 && stat("/proc/self/exe", &other) == 0 && one.st_dev == other.st_dev
        && one.st_ino == other.st_ino
    #else
      return true
    #endif
  }
}
