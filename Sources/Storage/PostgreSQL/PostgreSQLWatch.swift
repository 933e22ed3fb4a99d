internal import Encoding
internal import PostgreSQL
internal import Threads

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// The connection that shows other machines that this process lives, by an advisory lock, and hears of their commits. It has a thread
/// of its own.
final class PostgreSQLWatch: Sendable {
  private struct State {
    var isRunning = false
    var isStopping = false
    /// Since when the lock is held without a break; `nil` while it is not.
    var heldSince: Int64?
    /// When the server answered last.
    var lastAnswer: Int64 = 0
    /// The number of the newest change.
    var newest: Int64 = 0
    /// The newest one that the listener was told of.
    var told: Int64 = 0
    /// Why the last attempt to connect failed, or why the connection broke that is not made again yet.
    var fault: PostgreSQLError?
    /// When this process last needed the connection.
    var lastUse: Int64 = 0
    /// Whether something was committed since the last question.
    var hasChanged = true
    var listener: Listener?
  }

  /// Who is told of the commits of others. A struct, because a lock must not hold a bare closure.
  private struct Listener: Sendable {
    let hear: @Sendable () -> Void
  }

  /// How often the server is asked for commits, in milliseconds; notifications come in between.
  private static let beat: Int64 = 1_000
  /// How long the end waits for the server, in milliseconds: the end of the process closes the connection anyway.
  private static let farewell: Int64 = 100
  /// How often the lock is tried while another connection has it, in milliseconds.
  private static let retry: Int64 = 50
  /// How long a connection is kept that nobody needs, in milliseconds.
  static let rest: Int64 = 60_000
  /// How long an answer counts, in milliseconds: less than the server takes to find a connection dead.
  private static let validity: Int64 = 8_000

  private let address: String
  private let machine: String
  private let owner: String
  private let state = Protected(State())
  private let bell: Bell

  init(_ address: String, machine: String, owner: String) throws(SystemError) {
    self.address = address
    self.machine = machine
    self.owner = owner
    bell = try Bell()
  }

  /// The key of an owner's lock.
  static func key(of owner: String) -> Int64 {
    SHA256.hash(Array("owner \(owner)".utf8)).prefix(8).reduce(0) { $0 << 8 | Int64($1) } & .max
  }

  /// How long the lock is held without a break, in milliseconds; `nil` where it is not held, or the server did not say so lately.
  var age: Int64? {
    let now = MonotonicClock.milliseconds
    return state.withLock { state in
      guard let since = state.heldSince, now - state.lastAnswer < Self.validity else { return nil }
      return now - since
    }
  }

  /// The number of the newest change that this process has seen.
  var newestChange: Int64 { state.withLock { $0.newest } }

  /// Why the server is known not to answer; `nil` where it did.
  var fault: PostgreSQLError? { state.withLock { $0.fault } }

  /// Waits for the lock, as long as connecting may take.
  ///
  /// - Returns: whether it is held.
  func hold() -> Bool {
    start()
    if age != nil { return true }
    return state.wait(atMost: PostgreSQLConnection.connectPatience) { $0.heldSince == nil ? nil : true } ?? false
  }

  /// Whether any process has committed since the last call.
  func takeChange() -> Bool {
    start()
    return state.withLock { state in
      // Without a connection nothing is known.
      defer { state.hasChanged = state.heldSince == nil }
      return state.hasChanged
    }
  }

  /// Calls a body on the thread of the connection whenever another process has committed.
  func whenOthersCommit(_ body: @escaping @Sendable () -> Void) {
    state.withLock { $0.listener = Listener(hear: body) }
  }

  /// Notes a commit of this process.
  ///
  /// - Parameter newest: the number of the newest change after it.
  func noteChange(newest: Int64) {
    state.withLock { state in
      state.hasChanged = true
      state.newest = max(state.newest, newest)
    }
  }

  /// Ends the thread, and with it the lock.
  func stop() {
    state.signal { $0.isStopping = true }
    bell.ring()
    _ = state.wait(atMost: Self.farewell) { $0.isRunning ? nil : true }
  }

  /// Makes the connection, unless it is there, and keeps it for a while.
  func start() {
    let mustStart = state.withLock { state in
      state.lastUse = MonotonicClock.milliseconds
      guard !state.isRunning, !state.isStopping else { return false }
      state.isRunning = true
      return true
    }
    if mustStart { startThread { while self.connect() {} } }
  }

  // MARK: On the thread

  /// One connection, until it is lost.
  ///
  /// - Returns: whether to make another one.
  private func connect() -> Bool {
    var isNeeded = true
    do throws(PostgreSQLError) {
      try watch(PostgreSQLDatabase.connection(address, as: machine))
      isNeeded = false
    } catch {
      state.withLock { [error] in $0.fault = error }
    }
    state.signal { state in
      state.heldSince = nil
      state.hasChanged = true
    }
    if isNeeded, state.wait(atMost: Self.beat, until: { $0.isStopping ? true : nil }) != true { return true }
    return state.signal { state in
      // It may have been needed again since.
      state.isRunning = !state.isStopping && MonotonicClock.milliseconds - state.lastUse < Self.rest
      return state.isRunning
    }
  }

  /// Holds the lock and hears of commits until this process ends, or nobody has needed it for a while and no row names it.
  private func watch(_ server: PostgreSQLConnection) throws(PostgreSQLError) {
    try server.script("LISTEN imagewire")
    state.withLock { $0.fault = nil }
    var isHeld = false
    while true {
      let (isStopping, lastUse) = state.withLock { ($0.isStopping, $0.lastUse) }
      if isStopping {
        // Closing the connection would do it too, but only a moment later.
        _ = try? server.run("SELECT pg_advisory_unlock_all()", atMost: Self.farewell)
        return
      }
      if MonotonicClock.milliseconds - lastUse >= Self.rest,
        try server.run("SELECT EXISTS(SELECT 1 FROM predictions WHERE owner = ?)", [.text(owner)]).integer(0, 0) == 0
      {
        return
      }
      if !isHeld {
        // Another process may be testing it just now, or the server still believes in the connection before.
        isHeld = try server.run("SELECT pg_try_advisory_lock(?)", [.integer(Self.key(of: owner))]).integer(0, 0) == 1
      }
      let asked = MonotonicClock.milliseconds
      let newest = try server.run("SELECT coalesce(max(change), 0) FROM changes", atMost: 5_000).integer(0, 0)
      let listener = state.signal { [isHeld] state -> Listener? in
        // Fewer after a failover.
        if newest != state.newest { state.hasChanged = true }
        state.newest = newest
        // Also after a commit of this process: one of another may have come before it.
        let isNew = newest != state.told
        state.told = newest
        // It was true when the question left.
        state.lastAnswer = asked
        if isHeld, state.heldSince == nil { state.heldSince = state.lastAnswer }
        return isNew ? state.listener : nil
      }
      listener?.hear()
      _ = try server.waitForNotification(atMost: isHeld ? Self.beat : Self.retry, wake: bell.descriptor)
    }
  }
}

/// Wakes a thread that waits for a descriptor.
private final class Bell: Sendable {
  /// Can be read once the bell has rung.
  let descriptor: Int32
  private let end: Int32

  init() throws(SystemError) {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw SystemError(code: errno) }
    for number in ends { _ = fcntl(number, F_SETFD, FD_CLOEXEC) }
    (descriptor, end) = (ends[0], ends[1])
  }

  deinit {
    close(descriptor)
    close(end)
  }

  func ring() { _ = write(end, "!", 1) }
}
