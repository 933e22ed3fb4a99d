internal import CPostgreSQL
internal import Threads

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// One connection, for one thread at a time. Every call has a deadline of its own: a server that does not answer in time has
/// lost the connection. No call comes from work that must not wait (`Promptness`): debug builds stop there.
public final class PostgreSQLConnection {
  let handle: OpaquePointer
  /// How many warnings the server has sent.
  let warnings: UnsafeMutablePointer<Int32>
  /// How long a statement may take, in milliseconds.
  public static let patience: Int64 = 20_000
  /// How long connecting may take, in milliseconds.
  public static let connectPatience: Int64 = 5_000
  var isGivenUp = false
  /// The statements whose answers have not been taken.
  var pipeline = Pipeline()
  /// The statements that were run, by our spelling.
  var texts: [String: StatementText] = [:]
  /// How many of them the server keeps.
  var kept = 0

  /// Connects.
  ///
  /// - Parameters:
  ///   - address: as libpq reads it: a URL `postgresql://…`, or settings as `service=NAME`.
  ///   - patience: in milliseconds; the look-up of a host's name is the system's and may take longer.
  /// - Throws: where libpq is missing, the address is wrong, or the server refuses or does not answer. No message has a part of the
  ///   address.
  public init(_ address: String, atMost patience: Int64 = connectPatience) throws(PostgreSQLError) {
    Promptness.assertMayWait()
    if let problem = pg_open() {
      throw PostgreSQLError(state: "", message: String(cString: problem), isLost: true)
    }
    guard pg_can_parse(address) else {
      throw PostgreSQLError(state: "", message: "its address cannot be read", isLost: true)
    }
    let warnings = UnsafeMutablePointer<Int32>.allocate(capacity: 1)
    warnings.initialize(to: 0)
    guard let handle = pg_connect_start(address, warnings) else {
      warnings.deallocate()
      throw PostgreSQLError(state: "", message: "there is no memory for a connection", isLost: true)
    }
    self.handle = handle
    self.warnings = warnings
    let deadline = MonotonicClock.milliseconds + patience
    // libpq says to wait for writing first; a wrong address is known before.
    var next: Int32 = pg_is_broken(handle) ? 0 : 2
    while next != 3 {
      guard next != 0 else { throw PostgreSQLError(state: "", message: Self.reason(pg_error(handle)), isLost: true) }
      guard wait(reading: next == 1, writing: next == 2, until: deadline) else {
        throw PostgreSQLError(state: "", message: "the server did not answer in \(patience / 1000) s", isLost: true)
      }
      next = pg_connect_poll(handle)
    }
  }

  deinit {
    pg_finish(handle)
    warnings.deallocate()
  }

  /// Why there is no connection. What libpq says of an address may repeat a part of it, and so a password: only what stands behind its
  /// "failed: " is of the server or of the system.
  private static func reason(_ text: UnsafePointer<CChar>) -> String {
    let text = line(text)
    func rest(behind mark: String) -> Substring? {
      text.indices.first { text[$0...].hasPrefix(mark) }.map { text[$0...].dropFirst(mark.count) }
    }
    if let reason = rest(behind: "failed: ") { return String(reason) }
    if rest(behind: "could not translate host name") != nil { return "its host is not found" }
    return "its address cannot be used: check host, port, service and sslmode"
  }

  // MARK: What it is

  /// Whether it can be used no more.
  public var isLost: Bool { isGivenUp || pg_is_broken(handle) }

  /// Whether a transaction is open.
  public var isInTransaction: Bool { pg_is_in_transaction(handle) }

  /// The number of the server's process, as the server said it at the beginning. A pooler makes up one of its own.
  public var backend: Int64 { Int64(pg_backend(handle)) }

  /// As 150_018 for 15.18.
  public var serverVersion: Int { Int(pg_server_version(handle)) }

  /// The host and the database, for people.
  public var place: String { "\(String(cString: pg_database(handle))) at \(String(cString: pg_host(handle)))" }
}
