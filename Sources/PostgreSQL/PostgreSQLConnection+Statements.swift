internal import CPostgreSQL
internal import Threads

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

extension PostgreSQLConnection {
  /// How many statements the server keeps prepared for a connection, and from which use on: many combinations of types come once.
  private static let mostKept = 256
  private static let keptUse = 5

  // MARK: Running

  /// Runs one statement, and returns its rows with binary cells.
  ///
  /// - Parameters:
  ///   - sql: its parameters are spelt `?` or `?1`.
  ///   - patience: how long the answer may take, in milliseconds.
  /// - Throws: the server's error, or that the connection is lost; also for a statement that was sent before and not settled.
  public func run(
    _ sql: String, _ values: [PostgreSQLValue] = [], atMost patience: Int64 = patience
  ) throws(PostgreSQLError) -> PostgreSQLRows {
    guard pg_can_pipeline() else { return try runAlone(sql, values, atMost: patience) }
    try append(sql, values)
    guard let rows = try settle(atMost: patience).last else { throw lost("could not be asked") }
    return rows
  }

  /// Sends a statement and waits for no answer. If it fails, the next `run`, `settle` or `commit` throws its error.
  public func send(_ sql: String, _ values: [PostgreSQLValue] = []) throws(PostgreSQLError) {
    guard pg_can_pipeline() else {
      _ = try runAlone(sql, values, atMost: Self.patience)
      return
    }
    try append(sql, values)
    if pipeline.isFull { try settle() }
  }

  /// Waits for the answers to all that was sent.
  ///
  /// - Returns: those since the last sync.
  /// - Throws: the first error, or that the connection is lost.
  @discardableResult
  public func settle(atMost patience: Int64 = patience) throws(PostgreSQLError) -> [PostgreSQLRows] {
    guard !pipeline.items.isEmpty else { return [] }
    try sync()
    return try take(atMost: patience)
  }

  /// Runs statements without parameters. The first that fails ends it, and is thrown.
  public func script(_ sql: String, atMost patience: Int64 = patience) throws(PostgreSQLError) {
    try settle(atMost: patience)
    guard pg_send_script(handle, sql) else { throw lost("could not be asked") }
    _ = try answers(atMost: patience)
  }

  /// Ends the transaction. Throws as lost where it is not certain that the commit is where it should be.
  ///
  /// - Parameter question: a statement that is asked just before.
  /// - Returns: the first cell of its answer.
  public func commit(asking question: String) throws(PostgreSQLError) -> Int64 {
    let before = warnings.pointee
    var rows: [PostgreSQLRows]
    if pg_can_pipeline() {
      try append(question, [])
      try append("COMMIT", [])
      rows = try settle()
    } else {
      rows = [try run(question), try run("COMMIT")]
    }
    guard let end = rows.popLast(), let answer = rows.last, end.tag == "COMMIT" else {
      throw lost("rolled the transaction back")
    }
    // A wait for a standby that was cut short is told by a warning alone.
    guard warnings.pointee == before else { throw lost("warned that a standby may not have the commit") }
    return answer.integer(0, 0)
  }

  /// Runs a statement by itself without waiting for it. Its failure changes nothing.
  public func announce(_ sql: String) {
    do throws(PostgreSQLError) {
      guard pg_can_pipeline() else {
        _ = try runAlone(sql, [], atMost: Self.patience)
        return
      }
      try append(sql, [])
      try sync()
    } catch {
      // The next statement finds the connection as it is.
    }
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

  // MARK: Sending

  /// Adds a statement to the pipeline.
  private func append(_ sql: String, _ values: [PostgreSQLValue]) throws(PostgreSQLError) {
    if pipeline.items.isEmpty, !pg_begin_pipeline(handle) { throw lost("could not be asked") }
    let text = text(of: sql)
    let parameters = StatementParameters(values)
    let isSent: Bool
    if let name = text.names[parameters.types] ?? keep(text, parameters) {
      isSent = parameters.withPointers { pg_send_prepared(handle, name, Int32(values.count), $0, $1, $2) }
    } else {
      isSent = sendPlainly(text, parameters)
    }
    guard isSent else { throw lost("could not be asked") }
    pipeline.items.append(.statement)
    pipeline.bytes += parameters.bytes.count
  }

  /// Lets the server keep a statement that is used again.
  ///
  /// - Returns: its name; `nil` where it is not kept.
  private func keep(_ text: StatementText, _ parameters: StatementParameters) -> String? {
    let uses = text.uses[parameters.types, default: 0] + 1
    text.uses[parameters.types] = uses
    guard uses >= Self.keptUse, kept < Self.mostKept else { return nil }
    let name = "s\(kept)"
    guard pg_send_prepare(handle, name, text.sql, Int32(parameters.types.count), parameters.types) else { return nil }
    kept += 1
    pipeline.items.append(.preparation(text, parameters.types))
    text.names[parameters.types] = name
    return name
  }

  private func sendPlainly(_ text: StatementText, _ parameters: StatementParameters) -> Bool {
    parameters.withPointers { pg_send(handle, text.sql, Int32(parameters.types.count), parameters.types, $0, $1, $2) }
  }

  private func sync() throws(PostgreSQLError) {
    guard pg_sync(handle) else { throw lost("could not be asked") }
    pipeline.items.append(.sync)
  }

  /// Without a pipeline: one statement and its answer.
  private func runAlone(
    _ sql: String, _ values: [PostgreSQLValue], atMost patience: Int64
  ) throws(PostgreSQLError) -> PostgreSQLRows {
    guard sendPlainly(text(of: sql), StatementParameters(values)), let rows = try answers(atMost: patience).last else {
      throw lost("could not be asked")
    }
    return rows
  }

  private func text(of sql: String) -> StatementText {
    if let known = texts[sql] { return known }
    let text = StatementText(sql)
    texts[sql] = text
    return text
  }

  // MARK: Answers

  /// Takes the answers to all that was sent. Those before an earlier sync are dropped: they are of announcements.
  private func take(atMost patience: Int64) throws(PostgreSQLError) -> [PostgreSQLRows] {
    Promptness.assertMayWait()
    let deadline = MonotonicClock.milliseconds + patience
    let items = pipeline.items
    pipeline = Pipeline()
    var found: [PostgreSQLRows] = []
    var failure: PostgreSQLError?
    for (index, item) in items.enumerated() {
      if case .sync = item {
        guard let result = try next(until: deadline, patience), pg_is_sync(result) else {
          throw failure.map { PostgreSQLError(state: $0.state, message: $0.message, isLost: true) }
            ?? lost("closed the connection")
        }
        pg_clear(result)
        if index < items.count - 1 { (found, failure) = ([], nil) }
        continue
      }
      while let result = try next(until: deadline, patience) {
        let rows = PostgreSQLRows(result)
        let isGood = pg_is_good(result)
        switch item {
        case .statement where isGood: found.append(rows)
        case .preparation(let text, let types) where !isGood: text.names[types] = nil
        default: break
        }
        if !isGood, !pg_is_skipped(result), failure == nil { failure = Self.error(of: result) }
        // A broken connection gives the same error for ever.
        if isLost { break }
      }
    }
    guard pg_end_pipeline(handle) else { throw lost("closed the connection") }
    return try found.or(failure, isLost: isLost)
  }

  /// All answers to a script, or to a statement without a pipeline.
  private func answers(atMost patience: Int64) throws(PostgreSQLError) -> [PostgreSQLRows] {
    Promptness.assertMayWait()
    let deadline = MonotonicClock.milliseconds + patience
    var found: [PostgreSQLRows] = []
    var failure: PostgreSQLError?
    while let result = try next(until: deadline, patience) {
      let rows = PostgreSQLRows(result)
      if pg_is_good(result) {
        found.append(rows)
      } else if failure == nil {
        failure = Self.error(of: result)
      }
    }
    if failure == nil, isLost { throw lost("closed the connection") }
    return try found.or(failure, isLost: isLost)
  }

  /// The next answer; `nil` after the last, in a pipeline after the last of each statement.
  private func next(until deadline: Int64, _ patience: Int64) throws(PostgreSQLError) -> OpaquePointer? {
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
    return pg_next(handle)
  }

  private static func error(of result: OpaquePointer) -> PostgreSQLError {
    PostgreSQLError(state: String(cString: pg_state(result)), message: line(pg_message(result)), isLost: false)
  }

  private func lost(_ what: String) -> PostgreSQLError {
    isGivenUp = true
    return PostgreSQLError(state: "", message: "the server \(what)", isLost: true)
  }

  /// Waits for the socket.
  ///
  /// - Returns: false when the time is up.
  func wait(reading: Bool, writing: Bool, until deadline: Int64) -> Bool {
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
  static func line(_ text: UnsafePointer<CChar>) -> String {
    String(String(cString: text).prefix { !$0.isNewline })
  }
}

extension [PostgreSQLRows] {
  /// Itself, unless there is an error.
  fileprivate func or(_ failure: PostgreSQLError?, isLost: Bool) throws(PostgreSQLError) -> Self {
    guard var failure else { return self }
    failure.isLost = isLost
    throw failure
  }
}
