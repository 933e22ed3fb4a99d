#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Reads small files of the user: a configuration, a key.
public enum RegularFile {
  /// Why it could not be read.
  public struct Failure: Error, Sendable, Equatable {
    /// Whether there is no file.
    public let isMissing: Bool
    /// The end of a sentence that begins with the name of the file.
    public let reason: String
  }

  /// The bytes of a file, without waiting: a pipe, a device or a directory is refused. Links are followed.
  ///
  /// - Parameter limit: the largest size in bytes.
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
