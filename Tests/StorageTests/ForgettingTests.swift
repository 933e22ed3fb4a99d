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

/// Deleted content leaves the disk, and its space is returned.
struct ForgettingTests {
  private static let prompt = "a lighthouse that nobody may know of"

  /// The bytes of a database and its log.
  private func disk(_ table: String) -> [UInt8] {
    ["", "-wal"].flatMap { FileSystem.read(table + $0, atMost: 1 << 28) ?? [] }
  }

  private func holds(_ table: String, _ text: String) -> Bool {
    disk(table).contains(Array(text.utf8))
  }

  /// A finished prediction.
  private func over(
    _ fixture: StoreFixture, _ prompt: String = prompt, tags: [String] = [], metadata: [UInt8]? = nil
  ) throws -> PredictionID {
    var new = fixture.new(prompt)
    new.tags = tags
    new.metadata = metadata
    try fixture.insert(new)
    return try fixture.change(new.id, .cancelAsked(deleteRemote: false, sendable: true)).id
  }

  @Test func deletedContentLeavesDatabaseAndLog() throws {
    let fixture = try StoreFixture()
    let id = try over(fixture)
    #expect(holds(fixture.table, Self.prompt))
    guard case .deleted(_, scrubbed: true) = try fixture.delete([id]) else { throw Missing() }
    #expect(!holds(fixture.table, Self.prompt))
  }

  @Test func theLastProcessToLeaveEmptiesTheLog() throws {
    let one = try StoreFixture()
    let id = try over(one)
    let other = try StoreFixture(one.folder, time: one.time)
    guard case .deleted(_, scrubbed: false) = try one.delete([id]) else { throw Missing() }
    one.store.leave()
    #expect(holds(one.table, Self.prompt))
    other.store.leave()
    // The first store still exists and has not taken its lock again.
    #expect(!holds(one.table, Self.prompt))
  }

  private func filled(_ fixture: StoreFixture) throws -> [PredictionID] {
    try (0..<20).map { index in
      try over(fixture, "\(index)", metadata: Array("{\"x\":\"\(String(repeating: "x", count: 1 << 20))\"}".utf8))
    }
  }

  @Test func spaceIsReturnedWhenTheLastProcessLeaves() throws {
    let fixture = try StoreFixture()
    let ids = try filled(fixture)
    #expect(disk(fixture.table).count > 20 << 20)
    _ = try fixture.delete(ids)
    fixture.store.leave()
    #expect(disk(fixture.table).count < 1 << 20)
  }

  @Test func spaceIsReturnedWithoutWorkBesideOthers() throws {
    let fixture = try StoreFixture()
    let ids = try filled(fixture)
    let other = try StoreFixture(fixture.folder, time: fixture.time)
    _ = try fixture.delete(ids)
    for _ in 0..<600 where FileStatus(of: fixture.table)!.bytes > 3 << 20 { usleep(50_000) }
    #expect(FileStatus(of: fixture.table)!.bytes <= 3 << 20)
    _ = other
  }

  /// Runs a body with an open store, and closes it.
  private func use(_ folder: TemporaryFolder, _ body: (StoreFixture) throws -> Void) throws {
    try body(StoreFixture(folder))
  }

  @Test func anOlderDatabaseIsCompactedByItsOnlyProcess() throws {
    let folder = TemporaryFolder()
    var (directory, table) = ("", "")
    try use(folder) { fixture in
      fixture.store.close()
      // As older versions created it.
      try TableConnection(path: fixture.table).script("PRAGMA auto_vacuum = NONE; VACUUM")
      (directory, table) = (fixture.directory, fixture.table)
    }
    try use(folder) { fixture in
      _ = try fixture.delete(filled(fixture))
      do throws(StoreError) {
        _ = try TableCompaction.run(in: directory, now: 0)
        Issue.record("it was compacted beside another process")
      } catch {
        #expect(error.message.contains("pid \(getpid())") && error.message.contains("left as it is"))
      }
      fixture.store.leave()
      fixture.store.close()
    }
    #expect(disk(table).count > 20 << 20)
    let (before, after) = try TableCompaction.run(in: directory, now: 0)
    #expect(before > 20 << 20 && after < 1 << 20 && disk(table).count == after)
    #expect(try TableConnection(path: table).integer("PRAGMA auto_vacuum") == 2)
  }

  // MARK: Pruning

  @Test func onlyOldFinishedPredictionsArePruned() throws {
    let fixture = try StoreFixture()
    let file = OutputFile(path: "/x.png", mediaType: "image/png", bytes: 1, sha256: "00", width: 1, height: 1)
    func finished(_ events: [PredictionEvent]) throws -> PredictionID {
      let row = try fixture.polling(remoteID: "r\(fixture.time.now.wall)")
      fixture.time.advance(1)
      let done = PredictionEvent.finished(
        .completed(outputs: [.location("https://x/1")], hasNSFWContents: [], inferenceMilliseconds: nil))
      for event in [done] + events {
        try fixture.change(row.id, event, by: fixture.store.prediction(row.id)?.writer)
      }
      return row.id
    }
    let saved = try finished([.saved([file])])
    let lost = try finished([.downloadGivenUp(reason: "No network.")])
    let unknown = try fixture.looking().id
    let cancelled = [try over(fixture), try over(fixture), try over(fixture)]
    let kept = try over(fixture, tags: ["album"])
    let queued = fixture.new()
    try fixture.insert(queued)
    fixture.time.advance(1_000)
    let border = fixture.time.now.wall
    let young = try over(fixture)

    let request = PruneRequest(acceptedBefore: border, keptTags: ["album", "x"])
    let batch = try fixture.wait { fixture.store.prune(request, completion: $0) }
    #expect(batch.scrubbed && batch.last == nil)
    let gone = batch.deleted.map(\.id)
    #expect(gone == [saved] + cancelled)
    #expect(
      Set(try fixture.store.list(ListQuery()).predictions.map(\.id)) == [lost, unknown, kept, queued.id, young])
  }

  @Test func aBatchIsSmall() throws {
    let fixture = try StoreFixture()
    let many = try (0..<60).map { _ in try over(fixture) }
    let metadata = Array("{\"x\":\"\(String(repeating: "x", count: 1 << 20))\"}".utf8)
    let large = try (0..<6).map { _ in try over(fixture, metadata: metadata) }
    // Ids of one moment may run over into the next millisecond.
    var request = PruneRequest(acceptedBefore: fixture.time.now.wall + 1_000)
    var batches: [[PredictionID]] = []
    repeat {
      let batch = try fixture.wait { fixture.store.prune(request, completion: $0) }
      batches.append(batch.deleted.map(\.id))
      request.after = batch.last
    } while request.after != nil && batches.count < 10
    #expect(batches.flatMap(\.self) == many + large)
    #expect(batches.map(\.count) == [50, 14, 2])
  }

  @Test func aBatchEndsBehindManyKeptRows() throws {
    let fixture = try StoreFixture()
    let count = TableWriter.examinedRows + 10
    // Kept ones, inserted with SQL: only reading is tested.
    try TableConnection(path: fixture.table).script(
      """
      BEGIN IMMEDIATE;
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(count))
      INSERT INTO predictions(seq, low, status, provider, model, account, fingerprint, output_dir)
        SELECT i, i, 'failed', 'p', 'm', 'a', x'00', '/o' FROM n;
      INSERT INTO tags(tag, seq) SELECT 'album', seq FROM predictions;
      COMMIT
      """)
    let old = try over(fixture)
    fixture.time.advance(1_000)
    var request = PruneRequest(acceptedBefore: fixture.time.now.wall, keptTags: ["album"])
    let first = try fixture.wait { fixture.store.prune(request, completion: $0) }
    #expect(first.deleted.isEmpty && first.last?.sequence == Int64(TableWriter.examinedRows))
    request.after = first.last
    let second = try fixture.wait { fixture.store.prune(request, completion: $0) }
    #expect(second.deleted.map(\.id) == [old] && second.last == nil)
  }

  @Test func anUnreadableRowIsNotPruned() throws {
    let fixture = try StoreFixture()
    let damaged = try over(fixture)
    let whole = try over(fixture)
    try TableConnection(path: fixture.table).script(
      "UPDATE predictions SET epoch = -1 WHERE seq = \(damaged.sequence)")
    fixture.time.advance(1_000)
    let batch = try fixture.wait {
      fixture.store.prune(PruneRequest(acceptedBefore: fixture.time.now.wall), completion: $0)
    }
    #expect(batch.deleted.map(\.id) == [whole])
    #expect(try fixture.peek("SELECT count(*) FROM predictions") == 1)
  }

  @Test func storedFilesOfAPredictionAreDeletedWithIt() throws {
    let fixture = try StoreFixture()
    let id = try over(fixture)
    let other = try over(fixture)
    let replies = FileReplyStore(directory: fixture.directory)
    for id in [id, other] {
      let row = try #require(try fixture.store.prediction(id))
      try replies.keep(StoredReply(Array(Self.prompt.utf8)), of: row)
      _ = try InputFiles(directory: fixture.directory).write(Array(Self.prompt.utf8), of: id)
    }
    _ = try fixture.delete([id])
    #expect(FileSystem.names(in: fixture.directory + "/inputs") == [other.description])
    #expect(FileSystem.names(in: fixture.directory + "/incoming").allSatisfy { $0.hasPrefix(other.description) })
  }
}
