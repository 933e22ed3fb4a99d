internal import Predictions
internal import Threads

/// The thread that writes: it takes all waiting writes, commits them together, and then calls their completions;
/// Sources/Storage/README.md, "Transactions".
final class StoreThread: Sendable {
  /// Calls the completion of a write. With an error the write did not happen, or it is not known whether it did.
  typealias Report = @Sendable (StoreError?) -> Void

  /// A waiting write.
  struct Job: Sendable {
    /// Runs inside the transaction; what it returns is called after the commit.
    let run: @Sendable (TableWriter, _ isOnly: Bool) -> Report
    /// Called where the write never ran.
    let abandon: Report
  }

  private struct Waiting {
    var jobs: [Job] = []
    /// Whether they are to be committed now.
    var isUrgent = false
    /// How many were handed over so far, and how many of them are done.
    var accepted = 0
    var done = 0
    var isRunning = false
    var isClosing = false
  }

  private let database: any Database
  /// The database where it is a file, which needs upkeep.
  private let file: PredictionDatabase?
  private let reader: Protected<TableReader>
  private let makeWriter: @Sendable () throws(StoreError) -> TableWriter
  private let waiting = Protected(Waiting())
  private let commits = Protected(0)
  private let scrubbed = Protected(false)

  /// The thread starts with the first write: a process that only reads needs no thread and no owner's lock.
  init(
    database: any Database, reader: Protected<TableReader>,
    makeWriter: @escaping @Sendable () throws(StoreError) -> TableWriter
  ) {
    self.database = database
    file = database as? PredictionDatabase
    self.reader = reader
    self.makeWriter = makeWriter
  }

  /// The number of committed groups.
  var commitCount: Int { commits.withLock { $0 } }

  /// Whether the content that the last group deleted has left the log. For completions, which run before the next group.
  var hasScrubbed: Bool { scrubbed.withLock { $0 } }

  /// Adds a write.
  ///
  /// - Parameter urgent: whether to commit as soon as possible; otherwise with the next urgent write or `flush`.
  func add<Value: Sendable>(
    urgent: Bool, _ body: @escaping @Sendable (TableWriter) throws -> Value,
    completion: @escaping @Sendable (Result<Value, StoreError>) -> Void
  ) {
    let path = database.name
    let job = Job(
      run: { writer, isOnly in
        do {
          let value = try writer.alone(isOnly: isOnly) { try body(writer) }
          return { completion($0.map { .failure($0) } ?? .success(value)) }
        } catch {
          let failure = StoreError(error, at: path)
          return { completion(.failure($0 ?? failure)) }
        }
      },
      abandon: { completion(.failure($0 ?? .failed(message: "The database \(path) is closed.", hint: nil))) })
    let isClosed = waiting.withLock { waiting in
      if waiting.isClosing { return true }
      waiting.jobs.append(job)
      waiting.accepted += 1
      return false
    }
    if isClosed { return job.abandon(nil) }
    if urgent { wake() }
  }

  /// Waits until all writes that were added so far are done.
  func flush(atMost milliseconds: Int64?) -> Bool {
    let last = waiting.withLock { $0.accepted }
    wake()
    return waiting.wait(atMost: milliseconds) { $0.done >= last ? true : nil } ?? false
  }

  /// Ends the thread after the waiting writes; later ones fail.
  func close() {
    wake { $0.isClosing = true }
  }

  /// Waits until the thread has ended.
  ///
  /// - Returns: false after a time-out.
  @discardableResult
  func join(atMost milliseconds: Int64? = nil) -> Bool {
    waiting.wait(atMost: milliseconds) { $0.isRunning ? nil : true } ?? false
  }

  private func wake(_ change: (inout Waiting) -> Void = { _ in }) {
    let mustStart = waiting.signal { waiting in
      change(&waiting)
      guard !waiting.jobs.isEmpty || waiting.isRunning else { return false }
      waiting.isUrgent = true
      defer { waiting.isRunning = true }
      return !waiting.isRunning
    }
    if mustStart { startThread { self.work() } }
  }

  // MARK: On the thread

  /// How long there is no work before the log is moved into the database, and the pause between steps of returning space,
  /// in milliseconds.
  private static let rest: Int64 = 1_000
  private static let shortRest: Int64 = 50

  private func work() {
    var writer: TableWriter?
    var isSettled = true
    var rest = Self.rest
    while true {
      let patience: Int64? = isSettled ? (file == nil && writer != nil ? PostgreSQLWatch.rest : nil) : rest
      let group = waiting.wait(atMost: patience) { waiting -> [Job]? in
        guard waiting.isUrgent || waiting.isClosing else { return nil }
        defer { waiting.jobs = [] }
        waiting.isUrgent = false
        return waiting.jobs
      }
      guard let group else {
        if isSettled {
          // A server has a process for each connection.
          writer = nil
          reader.withLock { $0.connection.hangUp() }
          continue
        }
        // Memory first: returning disk space takes several steps.
        if rest == Self.rest { Heap.giveBack() }
        if let writer { checkpoint(writer) }
        if let writer, giveSpaceBack(writer) {
          rest = Self.shortRest
          continue
        }
        rest = Self.rest
        if let writer { scrub(with: writer) }
        writer?.connection.forgetPages()
        reader.withLock { $0.connection.forgetPages() }
        Heap.giveBack()
        isSettled = true
        continue
      }
      if !group.isEmpty {
        commit(group, with: &writer)
        isSettled = false
        rest = Self.rest
      }
      let (hasEnded, hasMore) = waiting.signal { waiting in
        waiting.done += group.count
        return (waiting.isClosing && waiting.jobs.isEmpty, waiting.isUrgent && !waiting.jobs.isEmpty)
      }
      // A write that follows from a commit, such as the claim after an insert, is often waiting here already.
      if let writer, !hasMore || !writer.mayContinue { writer.endTurn() }
      if hasEnded { break }
      // Other upkeep waits until there is no work.
      if let writer, writer.logPages > 1000 { checkpoint(writer) }
    }
    writer = nil
    waiting.signal { $0.isRunning = false }
  }

  private func commit(_ group: [Job], with writer: inout TableWriter?) {
    var reports: [Report] = []
    var failure: StoreError?
    do throws(StoreError) {
      try database.verify()
      let current = try begin(with: writer)
      writer = current
      for job in group {
        reports.append(job.run(current, group.count == 1))
        try current.verify()
      }
      try current.commit()
      commits.withLock { $0 += 1 }
      if current.hasDeleted {
        let isDone = scrub(with: current)
        scrubbed.withLock { $0 = isDone }
      }
    } catch {
      // It is not known whether a failed commit reached the disk, and a second sync of the same descriptor would report
      // success. Only a new connection tells.
      writer = nil
      failure = error
    }
    for (index, job) in group.enumerated() {
      if index < reports.count { reports[index](failure) } else { job.abandon(failure) }
    }
  }

  /// Begins a transaction. A session that the server has ended since the last one is replaced: nothing was written yet.
  private func begin(with writer: TableWriter?) throws(StoreError) -> TableWriter {
    if let writer {
      do throws(StoreError) {
        try writer.begin()
        return writer
      } catch {
        guard writer.connection.isLost else { throw error }
      }
    }
    let new = try makeWriter()
    try new.begin()
    return new
  }

  /// Removes deleted content from the log, if no other process uses the database; otherwise the last process to leave does.
  ///
  /// - Returns: whether the log holds no deleted content.
  @discardableResult
  private func scrub(with writer: TableWriter) -> Bool {
    // A server empties its own log.
    guard let file else { return false }
    guard Scrubbing.isRequested(in: writer.connection) else { return true }
    guard (try? file.verify()) != nil else { return false }
    defer { file.share() }
    return file.lockAlone() && (try? Scrubbing.run(in: writer.connection)) != nil
  }

  /// Returns one step of free pages to the disk, in its own transaction.
  ///
  /// - Returns: whether there may be more.
  private func giveSpaceBack(_ writer: TableWriter) -> Bool {
    guard let file, (try? file.verify()) != nil, FreeSpace.isPlentiful(in: writer.connection), writer.takeTurn() else {
      return false
    }
    defer { writer.endTurn() }
    return FreeSpace.giveBack(in: writer.connection)
  }

  /// Moves the log into the database while no other process may write and start the log over: SQLite before 3.51.3 could
  /// lose pages; Sources/Storage/README.md, "Traps".
  private func checkpoint(_ writer: TableWriter) {
    guard let file, (try? file.verify()) != nil else { return }
    writer.withoutOtherWriters { reader.withLock { $0.checkpoint() } }
  }
}
