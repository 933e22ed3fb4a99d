internal import Encoding

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// The name of this machine's state directory among those that share a database: 16 random bytes in its file `machine`.
enum MachineName {
  /// Reads the name, or makes one.
  static func read(in directory: String) throws(SystemError) -> String {
    let path = directory + "/machine"
    while true {
      if let bytes = FileSystem.read(path), isName(bytes) { return String(decoding: bytes, as: UTF8.self) }
      let name = [UInt8]((0..<16).map { _ in .random(in: .min ... .max) }).hexadecimal
      let draft = "\(path).\(name)"
      let file = try Descriptor(making: draft)
      try file.write(Array(name.utf8).span)
      try file.sync()
      // Fails where another process was quicker; its name is read then.
      let isFirst = link(draft, path) == 0
      unlink(draft)
      if isFirst { try FileSystem.syncFolder(directory) }
    }
  }

  private static func isName(_ bytes: [UInt8]) -> Bool { bytes.count == 32 && [UInt8](hexadecimal: bytes) != nil }
}
