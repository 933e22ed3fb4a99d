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
      if let bytes = FileSystem.read(path) {
        // An empty or damaged one is not replaced: rows name the machine that it named.
        guard isName(bytes) else { throw SystemError(code: EINVAL) }
        return String(decoding: bytes, as: UTF8.self)
      }
      guard FileStatus(of: path) == nil else { throw SystemError(code: EACCES) }
      let name = [UInt8].random(16).hexadecimal
      let draft = "\(path).\(name)"
      let file = try Descriptor(making: draft)
      try file.write(Array(name.utf8).span)
      try file.sync()
      let code = link(draft, path) == 0 ? 0 : errno
      unlink(draft)
      // Another process may have been quicker; its name is read then.
      guard code == 0 || code == EEXIST else { throw SystemError(code: code) }
      if code == 0 { try FileSystem.syncFolder(directory) }
    }
  }

  private static func isName(_ bytes: [UInt8]) -> Bool { bytes.count == 32 && [UInt8](hexadecimal: bytes) != nil }
}
