internal import Threads

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// A page that is written to a temporary file and then renamed, so that its path never holds a part of a page.
final class PageFile {
  /// The reason that the page was not written, as one sentence.
  struct Refusal: Error {
    let message: String
  }

  /// The files that the page may replace.
  enum Replacing {
    /// Any file.
    case anything
    /// Only an earlier page, which begins with this mark.
    case pages(mark: String)
  }

  private let path: String
  private let temporary: String
  private let replacing: Replacing
  private let file: Int32
  private var isWhole = true

  /// - Parameters:
  ///   - path: absolute.
  ///   - mode: of the file, before the umask.
  init(at path: String, replacing: Replacing, mode: mode_t) throws(Refusal) {
    self.path = path
    self.replacing = replacing
    var parts = path.split(separator: "/", omittingEmptySubsequences: false)
    let name = parts.removeLast()
    temporary = (parts + [".\(name).\(getpid()).part"]).joined(separator: "/")
    // Refused before the work begins, where that is known.
    if !name.isEmpty, Self.exists(path), !Self.mayReplace(path, replacing) { throw Self.foreign(path) }
    // A file with this name was left by a process that has exited, or is a trap: a link is removed and never followed.
    unlink(temporary)
    file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
    guard file >= 0 else { throw Self.failed(path, "cannot") }
  }

  deinit {
    close(file)
    unlink(temporary)
  }

  /// Appends text; false where the disk refused it.
  func write(_ page: HTML) -> Bool {
    isWhole = isWhole && writeAll(page.text.utf8, to: file) == nil
    return isWhole
  }

  /// Moves the page to its path.
  func place() throws(Refusal) {
    guard isWhole else { throw Self.failed(path, "could not") }
    // `link` fails where a file was created meanwhile; `rename` would replace it.
    if !Self.exists(path), link(temporary, path) == 0 { return }
    guard !Self.exists(path) || Self.mayReplace(path, replacing) else { throw Self.foreign(path) }
    guard rename(temporary, path) == 0 else { throw Self.failed(path, "could not") }
  }

  private static func exists(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0
  }

  private static func mayReplace(_ path: String, _ replacing: Replacing) -> Bool {
    guard case .pages(let mark) = replacing else { return true }
    let file = open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC)
    guard file >= 0 else { return false }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return false }
    var start = [UInt8](repeating: 0, count: mark.utf8.count)
    let count = start.withUnsafeMutableBytes { pread(file, $0.baseAddress, $0.count, 0) }
    return count == start.count && start.elementsEqual(mark.utf8)
  }

  private static func foreign(_ path: String) -> Refusal {
    Refusal(message: "\(path) exists and is not a gallery; it was not changed. --force replaces it.")
  }

  private static func failed(_ path: String, _ could: String) -> Refusal {
    Refusal(message: "\(path) \(could) be written: \(String(cString: strerror(errno))).")
  }
}
