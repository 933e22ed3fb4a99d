#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// The home directory in the system's record of the user who runs this process.
public enum AccountHome {
  /// Its path; `nil` where the system knows none. May wait for a directory service.
  public static var path: String? {
    var record = passwd()
    var found: UnsafeMutablePointer<passwd>?
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64 << 10) { buffer in
      guard getpwuid_r(getuid(), &record, buffer.baseAddress!, buffer.count, &found) == 0, found != nil,
        let home = record.pw_dir, home.pointee == UInt8(ascii: "/")
      else { return nil }
      return String(cString: home)
    }
  }
}
