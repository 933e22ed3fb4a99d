#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// A small file that the user wrote: a configuration, a key.
public enum RegularFile {
  /// Why it could not be read.
  public struct Failure: Error, Sendable, Equatable {
    /// Whether nothing is there.
    public let isMissing: Bool
    /// The end of a sentence that begins with the file's name.
    public let reason: String
  }

  /// Its bytes, at once: a pipe, a device or a directory is refused and never waited for. Links are followed.
  ///
  /// - Parameter limit: how many bytes it may have.
  public static func contents(of path: String, atMost limit: Int) throws(Failure) -> [UInt8] {
    let bytes: [UInt8]?
    do throws(SystemError) {
      bytes = FileSystem.read(try Descriptor(reading: path, followsLink: true), from: 0, atMost: limit + 1)
    } catch {
      throw Failure(isMissing: error.code == ENOENT, reason: error.reason)
    }
    guard let bytes else { throw Failure(isMissing: false, reason: "it cannot be read") }
    guard bytes.count <= limit else { throw Failure(isMissing: false, reason: "it has more than \(limit) bytes") }
    return bytes
  }
}
