internal import CPostgreSQL
internal import Threads

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Why a server of PostgreSQL could not be used.
public struct PostgreSQLError: Error, Sendable, Equatable {
  /// SQLSTATE, five characters; empty where the server did not answer.
  public var state: String
  /// What the server or the library said, without a full stop and without the address: that may hold a password.
  public var message: String
  /// Whether the connection can be used no more. Of a `COMMIT` that ended so it is not known whether it happened.
  public var isLost: Bool

  init(state: String, message: String, isLost: Bool) {
    self.state = state
    self.message = message
    self.isLost = isLost
  }

  /// Why a server that answers is not used.
  public init(refusal message: String) { self.init(state: "", message: message, isLost: false) }
}

/// A parameter of a statement.
public enum PostgreSQLValue: Sendable, Equatable {
  /// NULL.
  case null
  /// A `bigint`.
  case integer(Int64)
  /// A `text`. U+0000, which the server cannot hold, is sent as U+FFFD.
  case text(String)
  /// A `bytea`.
  case bytes([UInt8])
}

/// One connection, for one thread at a time. Every call has a deadline of its own: a server that does not answer in time has
/// lost the connection.
public final class PostgreSQLConnection {
  private let handle: OpaquePointer
  /// How many warnings the server has sent.
  private let warnings: UnsafeMutablePointer<Int32>
  /// How long a statement may take, in milliseconds.
  public static let patience: Int64 = 20_000
  /// How long connecting may take, in milliseconds.
  public static let connectPatience: Int64 = 5_000
  private var isGivenUp = false
  /// Statements in the server's spelling of parameters.
  private var translated: [String: String] = [:]

  /// Connects.
  ///
  /// - Parameters:
  ///   - address: as libpq reads it: a URL `postgresql://…`, or settings as `service=NAME`.
  ///   - patience: in milliseconds; the look-up of a host's name is the system's and may take longer.
  /// - Throws: where libpq is missing, the address is wrong, or the server refuses or does not answer. No message has a part of the
  ///   address.
  public init(_ address: String, atMost patience: Int64 = connectPatience) throws(PostgreSQLError) {
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

  // MARK: Statements

  /// Runs one statement, and returns its rows with binary cells.
  ///
  /// - Parameters:
  ///   - sql: its parameters are spelt `?` or `?1`.
  ///   - patience: how long the answer may take, in milliseconds.
  /// - Throws: the server's error, or that the connection is lost.
  public func run(
    _ sql: String, _ values: [PostgreSQLValue] = [], atMost patience: Int64 = patience
  ) throws(PostgreSQLError) -> PostgreSQLRows {
    let sql = translation(of: sql)
    var bytes: [UInt8] = []
    var ends: [Int] = []
    var types: [UInt32] = []
    for value in values {
      switch value {
      case .null: types.append(0)
      case .integer(let integer):
        types.append(20)
        for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: integer >> shift)) }
      case .text(let text):
        types.append(25)
        for byte in text.utf8 { if byte == 0 { bytes += [0xEF, 0xBF, 0xBD] } else { bytes.append(byte) } }
      case .bytes(let blob):
        types.append(17)
        bytes += blob
      }
      ends.append(bytes.count)
    }
    // An empty array may have no address, and that would be NULL.
    bytes.append(0)
    let isSent = bytes.withUnsafeBytes { all -> Bool in
      var pointers: [UnsafePointer<CChar>?] = []
      var lengths: [Int32] = []
      var start = 0
      for (index, value) in values.enumerated() {
        pointers.append(
          value == .null ? nil : all.baseAddress.map { ($0 + start).assumingMemoryBound(to: CChar.self) })
        lengths.append(Int32(clamping: ends[index] - start))
        start = ends[index]
      }
      let formats = [Int32](repeating: 1, count: values.count)
      return pg_send(handle, sql, Int32(values.count), types, pointers, lengths, formats)
    }
    guard isSent, let rows = try answers(atMost: patience).last else { throw lost("could not be asked") }
    return rows
  }

  /// Runs statements without parameters. The first that fails ends it, and is thrown.
  public func script(_ sql: String, atMost patience: Int64 = patience) throws(PostgreSQLError) {
    guard pg_send_script(handle, sql) else { throw lost("could not be asked") }
    _ = try answers(atMost: patience)
  }

  /// Ends the transaction. Throws as lost where it is not certain that the commit is where it should be.
  public func commit() throws(PostgreSQLError) {
    let before = warnings.pointee
    let rows = try run("COMMIT")
    guard rows.tag == "COMMIT" else { throw lost("rolled the transaction back") }
    // A wait for a standby that was cut short is told by a warning alone.
    guard warnings.pointee == before else { throw lost("warned that a standby may not have the commit") }
  }

  /// Waits for notifications of channels that were listened to.
  ///
  /// - Parameters:
  ///   - milliseconds: how long at most.
  ///   - wake: a descriptor; the wait ends when it can be read.
  /// - Returns: whether one came; false when the time is up.
  /// - Throws: where the connection is lost.
  public func waitForNotification(atMost milliseconds: Int64, wake: Int32) throws(PostgreSQLError) -> Bool {
    let deadline = MonotonicClock.milliseconds + milliseconds
    while true {
      var hasCome = false
      while pg_take_notification(handle) { hasCome = true }
      if hasCome { return true }
      var files = [
        pollfd(fd: pg_socket(handle), events: Int16(POLLIN), revents: 0),
        pollfd(fd: wake, events: Int16(POLLIN), revents: 0),
      ]
      let rest = deadline - MonotonicClock.milliseconds
      guard rest > 0, poll(&files, 2, Int32(clamping: rest)) != 0, files[1].revents == 0 else { return false }
      guard pg_consume(handle) else { throw lost("closed the connection") }
    }
  }

  /// All answers to what was sent.
  private func answers(atMost patience: Int64) throws(PostgreSQLError) -> [PostgreSQLRows] {
    let deadline = MonotonicClock.milliseconds + patience
    var found: [PostgreSQLRows] = []
    var failure: PostgreSQLError?
    while true {
      while true {
        let rest = pg_flush(handle)
        if rest == 0 { break }
        guard rest == 1, wait(reading: true, writing: true, until: deadline), pg_consume(handle) else {
          throw lost("took no more")
        }
      }
      while pg_is_busy(handle) {
        guard wait(reading: true, writing: false, until: deadline) else {
          throw lost("did not answer in \(patience / 1000) s")
        }
        guard pg_consume(handle) else { throw lost("closed the connection") }
      }
      guard let result = pg_next(handle) else { break }
      let rows = PostgreSQLRows(result)
      if pg_is_good(result) {
        found.append(rows)
      } else if failure == nil {
        failure = PostgreSQLError(
          state: String(cString: pg_state(result)), message: Self.line(pg_message(result)), isLost: false)
      }
    }
    guard var failure else {
      if isLost { throw lost("closed the connection") }
      return found
    }
    failure.isLost = isLost
    throw failure
  }

  private func lost(_ what: String) -> PostgreSQLError {
    isGivenUp = true
    return PostgreSQLError(state: "", message: "the server \(what)", isLost: true)
  }

  /// Waits for the socket.
  ///
  /// - Returns: false when the time is up.
  private func wait(reading: Bool, writing: Bool, until deadline: Int64) -> Bool {
    var file = pollfd(
      fd: pg_socket(handle), events: Int16((reading ? POLLIN : 0) | (writing ? POLLOUT : 0)), revents: 0)
    while true {
      let rest = deadline - MonotonicClock.milliseconds
      guard rest > 0 else { return false }
      let count = poll(&file, 1, Int32(clamping: rest))
      if count > 0 { return true }
      if count < 0, errno != EINTR { return false }
    }
  }

  /// The first line of a message, in one sentence without its end.
  private static func line(_ text: UnsafePointer<CChar>) -> String {
    String(String(cString: text).prefix { !$0.isNewline })
  }

  /// `?` and `?1` as `$1`; no statement of ours has a question mark in a text.
  private func translation(of sql: String) -> String {
    if let known = translated[sql] { return known }
    var out: [UInt8] = []
    var count = 0
    var isAfterMark = false
    for byte in sql.utf8 {
      let isDigit = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
      if isAfterMark, !isDigit {
        count += 1
        out += Array(String(count).utf8)
      }
      isAfterMark = byte == UInt8(ascii: "?")
      out.append(isAfterMark ? UInt8(ascii: "$") : byte)
    }
    if isAfterMark { out += Array(String(count + 1).utf8) }
    let text = String(decoding: out, as: UTF8.self)
    translated[sql] = text
    return text
  }
}

/// The answer to a statement.
public final class PostgreSQLRows {
  private let result: OpaquePointer

  fileprivate init(_ result: OpaquePointer) { self.result = result }

  deinit { pg_clear(result) }

  /// How many rows it has.
  public var count: Int32 { pg_rows(result) }

  /// What the statement did, as `COMMIT`.
  public var tag: String { String(cString: pg_tag(result)) }

  /// How many rows the statement changed.
  public var changed: Int { Int(pg_changed(result)) }

  /// Whether a cell is NULL.
  public func isNull(_ row: Int32, _ column: Int32) -> Bool { pg_is_null(result, row, column) }

  /// An integer or a Boolean; 0 where it is NULL.
  public func integer(_ row: Int32, _ column: Int32) -> Int64 { pg_integer(result, row, column) }

  /// The bytes of a text or a `bytea`, valid as long as this object; none where it is NULL.
  public func bytes(_ row: Int32, _ column: Int32) -> UnsafeBufferPointer<UInt8> {
    guard let start = pg_bytes(result, row, column) else { return UnsafeBufferPointer(start: nil, count: 0) }
    return UnsafeBufferPointer(
      start: UnsafeRawPointer(start).assumingMemoryBound(to: UInt8.self), count: Int(pg_length(result, row, column)))
  }
}
