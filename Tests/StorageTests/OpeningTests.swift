import Predictions
import PredictionsTestSupport
import Testing
import Threads

@testable import Storage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

@Suite("Opening the database")
struct OpeningTests {
  private func mode(of path: String) -> mode_t {
    var status = stat()
    stat(path, &status)
    return status.st_mode & 0o777
  }

  /// Why a store could not be opened.
  private func refusal(in folder: TemporaryFolder) -> (message: String, hint: String?)? {
    do {
      _ = try StoreFixture(folder)
      return nil
    } catch StoreError.failed(let message, let hint) {
      return (message, hint)
    } catch {
      return ("\(error)", nil)
    }
  }

  /// A directory whose database has one prediction and an empty log.
  private func settled() throws -> (folder: TemporaryFolder, table: String, id: PredictionID) {
    let fixture = try StoreFixture()
    let new = fixture.new()
    try fixture.insert(new)
    fixture.store.close()
    #expect(try fixture.peek("PRAGMA wal_checkpoint(TRUNCATE)") == 0)
    return (fixture.folder, fixture.table, new.id)
  }

  @Test func onlyTheUserHasAccess() throws {
    let fixture = try StoreFixture()
    try fixture.insert(fixture.new())
    #expect(mode(of: fixture.directory) == 0o700)
    for name in ["predictions.db", "predictions.db-wal", "predictions.db-shm", "table.lock"] {
      #expect(mode(of: "\(fixture.directory)/\(name)") == 0o600)
    }
    #expect(mode(of: "\(fixture.directory)/owners/\(fixture.store.owner).lock") == 0o600)
  }

  @Test func readingLeavesNoOwner() throws {
    let fixture = try StoreFixture()
    _ = try fixture.store.list(ListQuery())
    fixture.store.flush()
    #expect(FileSystem.names(in: fixture.directory + "/owners").isEmpty)
    #expect(try fixture.peek("SELECT count(*) FROM owners") == 0)
  }

  @Test func theSchemaVersionIsMarked() throws {
    let fixture = try StoreFixture()
    #expect(try fixture.peek("PRAGMA application_id") == 0x494D_4752)
    #expect(try fixture.peek("PRAGMA user_version") == Schema.version)
    #expect(try fixture.peekText("PRAGMA journal_mode") == "wal")
    #expect(try fixture.peek("SELECT value FROM meta WHERE name = 'min_writer'") == 1)
    #expect(try fixture.peekText("PRAGMA integrity_check") == "ok")
  }

  @Test func aConnectionWithoutItsSettingsIsRefused() throws {
    let folder = TemporaryFolder()
    let path = folder.path + "/x.db"
    try write([], to: path)
    #expect(throws: TableError.self) { try Schema.configure(try TableConnection(path: path)) }
  }

  @Test func eightProcessesMayCreateItAtOnce() throws {
    for _ in 0..<10 {
      let folder = TemporaryFolder()
      let results = Protected<[String]>([])
      for _ in 0..<8 {
        startThread {
          var result = "ok"
          do {
            let fixture = try StoreFixture(folder)
            try fixture.insert(fixture.new())
          } catch { result = "\(error)" }
          results.signal { $0.append(result) }
        }
      }
      let all = results.wait(atMost: 20_000) { $0.count == 8 ? $0 : nil }
      #expect(all == Array(repeating: "ok", count: 8))
      let fixture = try StoreFixture(folder)
      #expect(try fixture.peek("SELECT count(*) FROM predictions") == 8)
      #expect(try fixture.peek("SELECT count(*) FROM meta WHERE name = 'salt'") == 1)
    }
  }

  @Test func aDatabaseOfANewerVersionIsLeftAlone() throws {
    let (folder, table, _) = try settled()
    do {
      // Its writes are only in the log: examining must not move them into the database.
      let connection = try TableConnection(path: table)
      connection.checkpointsOnClose(false)
      try connection.script(
        "BEGIN; PRAGMA user_version = 99; UPDATE meta SET value = 42 WHERE name = 'min_writer'; COMMIT")
    }
    let before = try #require(contents(of: table))
    let log = try #require(contents(of: table + "-wal"))
    #expect(!log.isEmpty)
    let refused = try #require(refusal(in: folder))
    #expect(refused.message.contains(table) && refused.message.contains("42"))
    #expect(refused.message.contains("knows \(Schema.version)"))
    #expect(refused.hint?.contains("Update") == true)
    #expect(contents(of: table) == before && contents(of: table + "-wal") == log)
  }

  @Test func aNewerVersionWeCanWriteForIsUsed() throws {
    let (folder, table, id) = try settled()
    try TableConnection(path: table).script("PRAGMA user_version = 99")
    let fixture = try StoreFixture(folder)
    #expect(try fixture.store.prediction(id) != nil)
    try fixture.insert(fixture.new())
    // Until a newer version forbids it while this one runs.
    try TableConnection(path: table).script("UPDATE meta SET value = 42 WHERE name = 'min_writer'")
    #expect(throws: StoreError.self) { try fixture.insert(fixture.new()) }
    #expect(try fixture.peek("SELECT count(*) FROM predictions") == 2)
  }

  @Test func foreignFilesAreLeftAlone() throws {
    let text = Array("dear diary, ".utf8)
    for kind in ["text", "table", "empty table of ours"] {
      let folder = TemporaryFolder()
      try FileSystem.makeFolder(folder.path + "/state")
      let path = folder.path + "/state/predictions.db"
      if kind == "text" {
        try write(Array(repeatElement(text, count: 500).joined()), to: path)
      } else {
        try write([], to: path)
        let mark = kind == "table" ? 0 : 1234
        try TableConnection(path: path).script("PRAGMA application_id = \(mark); CREATE TABLE theirs(a)")
      }
      let before = try #require(contents(of: path))
      for _ in 0..<2 {
        #expect(refusal(in: folder)?.message.contains("not a database of imagewire") == true, "\(kind)")
      }
      #expect(contents(of: path) == before)
      #expect(FileSystem.names(in: folder.path + "/state").allSatisfy { !$0.hasPrefix("broken") })
    }
  }

  /// The first page, and the third, which is the first page of a table; the second maps pages to tables.
  @Test(arguments: [0, 100, 8192]) func aDamagedDatabaseIsSetAside(from damage: Int) throws {
    let (folder, table, id) = try settled()
    var bytes = try #require(contents(of: table))
    for index in damage..<min(damage + 4096, bytes.count) { bytes[index] = 0xA5 }
    try write(bytes, to: table)
    let notices = Protected<[String]>([])
    let fixture = try StoreFixture(folder) { notice in notices.withLock { $0.append(notice) } }
    #expect(try fixture.store.prediction(id) == nil)
    try fixture.insert(fixture.new())
    let notice = try #require(notices.withLock { $0.first })
    #expect(notice.contains("broken-") && notice.contains(table))
    let names = FileSystem.names(in: fixture.directory)
    let broken = try #require(names.first { $0.hasPrefix("broken-") })
    #expect(contents(of: "\(fixture.directory)/\(broken)/predictions.db") == bytes)
    #expect(!names.contains("predictions.db"))
    #expect(fixture.table != table)
    // The next process finds the new database by its name.
    let again = try StoreFixture(folder) { notice in notices.withLock { $0.append(notice) } }
    #expect(again.table == fixture.table && again.store.salt == fixture.store.salt)
    #expect(notices.withLock { $0.count } == 1)
  }

  @Test func aDamagedDatabaseInUseIsLeftAlone() throws {
    let (folder, table, _) = try settled()
    var bytes = try #require(contents(of: table))
    for index in 0..<100 { bytes[index] = 0 }
    try write(bytes, to: table)
    let other = try Descriptor(opening: folder.path + "/state/table.lock", O_RDWR)
    #expect(other.lock(LOCK_SH))
    let refused = try #require(refusal(in: folder))
    #expect(refused.message.contains("damaged") && refused.message.contains("using it"))
    #expect(contents(of: table) == bytes)
    #expect(FileSystem.names(in: folder.path + "/state").allSatisfy { !$0.hasPrefix("broken") })
  }

  @Test func anUnusableDirectoryIsNamed() throws {
    let folder = TemporaryFolder()
    try write([1], to: folder.path + "/state")
    let refused = try #require(refusal(in: folder))
    #expect(refused.message.contains(folder.path + "/state") && refused.hint?.contains("--state-dir") == true)
    for path in ["/proc/imagewire", "/dev/null/x"] {
      do {
        _ = try TablePredictionStore(directory: path, time: ManualTime())
        Issue.record("a store in \(path)")
      } catch {
        #expect(error.message.contains(path))
      }
    }
  }

  @Test func networkFileSystemsAreKnown() {
    for type: UInt32 in [0x6969, 0xFF53_4D42, 0x6573_5546, 0x0102_1997, 0x0BD0_0BD0] {
      #expect(FileSystem.isNetwork(type: type))
    }
    for type: UInt32 in [0xEF53, 0x0102_1994, 0x9123_683E, 0x5846_5342, 0x794C_7630] {  // ext4 tmpfs btrfs xfs overlay
      #expect(!FileSystem.isNetwork(type: type))
    }
    #expect(!FileSystem.isOnNetwork("/tmp"))
  }

  @Test func aDeletedDirectoryAcceptsNoWrites() throws {
    let fixture = try StoreFixture()
    try fixture.insert(fixture.new())
    TemporaryFolder.remove(fixture.directory)
    let new = fixture.new()
    #expect(throws: StoreError.self) { try fixture.insert(new) }
    // Another database at the same path is not used either.
    let other = try StoreFixture(fixture.folder)
    #expect(throws: StoreError.self) { try fixture.insert(new) }
    #expect(try other.store.prediction(new.id) == nil)
  }

  @Test func aFullDiskFailsOnlyTheWrite() throws {
    let fixture = try StoreFixture(writerSettings: "PRAGMA max_page_count = 60")
    let small = fixture.new()
    try fixture.insert(small)
    var large = fixture.new()
    large.metadata = [UInt8](repeating: 7, count: 1 << 20)
    do {
      try fixture.insert(large)
      Issue.record("it had room")
    } catch let error as StoreError {
      #expect(error.message == "The disk of \(fixture.table) is full.")
    }
    #expect(try fixture.store.prediction(small.id) == small)
    #expect(try fixture.store.prediction(large.id) == nil)
    let next = fixture.new()
    try fixture.insert(next)
    #expect(try fixture.store.prediction(next.id) == next)
  }

  @Test func aFailedCommitFailsAllOfItsGroup() throws {
    let fixture = try StoreFixture(writerSettings: "PRAGMA foreign_keys = ON")
    try fixture.insert(fixture.new())
    // A deferred constraint fails the COMMIT, as a disk may do.
    try TableConnection(path: fixture.table).script(
      """
      CREATE TABLE fault(a INTEGER PRIMARY KEY, b INTEGER REFERENCES fault(a) DEFERRABLE INITIALLY DEFERRED);
      CREATE TRIGGER failing AFTER INSERT ON predictions BEGIN INSERT INTO fault(b) VALUES(99); END
      """)
    let results = Protected<[Bool]>([])
    for _ in 0..<3 {
      fixture.store.insert(fixture.new(), queueLimit: 9) { result in
        results.withLock { $0.append((try? result.get()) == nil) }
      }
    }
    fixture.store.flush()
    #expect(results.withLock { $0 } == [true, true, true])
    #expect(try fixture.peek("SELECT count(*) FROM predictions") == 1)
    try TableConnection(path: fixture.table).script("DROP TRIGGER failing")
    try fixture.insert(fixture.new())
    #expect(try fixture.peek("SELECT count(*) FROM predictions") == 2)
  }

  @Test func theLogIsMovedIntoTheDatabase() throws {
    let fixture = try StoreFixture()
    for _ in 0..<3 {
      for _ in 0..<20 {
        var new = fixture.new()
        new.metadata = [UInt8](repeating: 7, count: 100_000)
        fixture.store.insert(new, queueLimit: 1000) { _ in }
      }
      fixture.store.flush()
    }
    try fixture.insert(fixture.new())
    // 6 MB went through the log; most of it is in the database, though no connection was closed.
    #expect(try #require(FileStatus(of: fixture.table)).bytes > 4_000_000)
    #expect(try #require(FileStatus(of: fixture.table + "-wal")).bytes < 6_000_000)
  }

  @Test func aCopiedDatabaseSendsNothing() throws {
    let fixture = try StoreFixture()
    let queued = fixture.new()
    try fixture.insert(queued)
    fixture.time.advance(-1)
    try fixture.insert(fixture.new())
    let sending = try fixture.claimed()
    let copy = TemporaryFolder()
    try FileSystem.makeFolder(copy.path + "/state")
    let path = copy.path + "/state/predictions.db"
    try TableConnection(path: fixture.table).run("VACUUM INTO ?", path)
    try TableConnection(path: path).script("PRAGMA journal_mode = WAL")

    let notices = Protected(0)
    let other = try StoreFixture(copy, time: fixture.time) { _ in notices.withLock { $0 += 1 } }
    #expect(notices.withLock { $0 } == 1)
    let ended = try #require(try other.store.prediction(queued.id))
    #expect(ended.status == .failed && ended.failure?.kind == .interrupted && ended.billing == .none)
    #expect(try other.claim() == .nothingQueued)
    let recovery = try other.recover()
    #expect(recovery.taken.map(\.id) == [sending.id] && recovery.taken.first?.phase == .looking)
    // The original is unchanged, and the copy is at home from now on.
    #expect(try fixture.store.prediction(queued.id) == queued)
    try other.insert(other.new())
    _ = try StoreFixture(copy) { _ in notices.withLock { $0 += 1 } }
    #expect(notices.withLock { $0 } == 1)
  }
}
