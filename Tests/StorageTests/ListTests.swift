import Encoding
import Predictions
import PredictionsTestSupport
import Testing

@testable import Storage

@Suite("Listing")
struct ListTests {
  /// 12 predictions, a second apart, of every status, two models and providers, with tags and different prompts.
  private func filled() throws -> (fixture: StoreFixture, rows: [Prediction]) {
    let fixture = try StoreFixture()
    var rows: [Prediction] = []
    let statuses: [PredictionStatus] = [.completed, .created, .failed, .cancelled, .unknown, .processing]
    for index in 0..<12 {
      fixture.time.advance(1000)
      var new = Prediction.sample(
        index % 3 == 0 ? "A Grüne CAT \(index)" : "dog \(index)", at: fixture.time.now.wall,
        provider: index % 4 == 0 ? "wavespeed" : "sandbox", model: index % 2 == 0 ? "even" : "odd",
        tags: index % 5 == 0 ? ["five", "all"] : ["all"])
      new.status = statuses[index % 6]
      new.phase = [.created: .queued, .processing: .polling][new.status]
      try fixture.insert(new)
      rows.append(new)
    }
    return (fixture, rows.reversed())
  }

  /// All pages of a query, one by one.
  private func all(
    _ fixture: StoreFixture, limit: Int = 50, _ change: (inout ListQuery) -> Void
  ) throws -> [PredictionID] {
    var query = ListQuery(limit: limit)
    change(&query)
    var ids: [PredictionID] = []
    repeat {
      let page = try fixture.store.list(query)
      #expect(page.predictions.count <= limit && page.cursors.count == page.predictions.count)
      #expect(page.predictions.allSatisfy { $0.input == nil && $0.metadata == nil })
      ids += page.predictions.map(\.id)
      query.cursor = page.nextCursor
    } while query.cursor != nil
    return ids
  }

  @Test func everyFilterFindsWhatItNames() throws {
    let (fixture, rows) = try filled()
    func check(_ change: (inout ListQuery) -> Void, _ wanted: (Prediction) -> Bool, line: Int = #line) throws {
      for limit in [1, 2, 50] {
        #expect(try all(fixture, limit: limit, change) == rows.filter(wanted).map(\.id), "line \(line), by \(limit)")
      }
    }
    try check({ _ in }, { _ in true })
    for status in PredictionStatus.allCases { try check({ $0.status = status }, { $0.status == status }) }
    try check({ $0.model = "even" }, { $0.model == "even" })
    try check({ $0.provider = "wavespeed" }, { $0.provider == "wavespeed" })
    try check({ $0.tag = "five" }, { $0.tags.contains("five") })
    try check({ $0.tag = "none" }, { _ in false })
    try check(
      { $0.text = "gRÜNE cat" }, { $0.input.map { String(decoding: $0, as: UTF8.self).contains("CAT") } ?? false })
    try check({ $0.text = "%" }, { _ in false })
    let middle = rows[5].createdAt
    try check({ $0.createdAfter = middle }, { $0.createdAt >= middle })
    try check({ $0.createdBefore = middle }, { $0.createdAt < middle })
    try check(
      {
        $0.createdAfter = .min; $0.createdBefore = .max
      }, { _ in true })
    try check({ $0.createdAfter = .max }, { _ in false })
    try check(
      {
        $0.status = .failed; $0.model = "even"; $0.tag = "all"; $0.provider = "sandbox"; $0.text = "dog"
      },
      { $0.status == .failed && $0.model == "even" && $0.provider == "sandbox" })
    try check(
      {
        $0.status = .completed; $0.model = "odd"
      }, { $0.status == .completed && $0.model == "odd" })
    try check(
      {
        $0.status = .processing; $0.createdAfter = middle
      }, { $0.status == .processing && $0.createdAt >= middle })
  }

  @Test func aFileFindsThePredictionsThatSavedItsBytes() throws {
    let fixture = try StoreFixture()
    let (first, second) = ([UInt8](repeating: 1, count: 32), [UInt8](repeating: 2, count: 32))
    func saved(_ prompt: String, _ files: [(path: String, digest: [UInt8])]) throws -> PredictionID {
      fixture.time.advance(1_000)
      let row = try fixture.polling(remoteID: prompt)
      try fixture.change(
        row.id,
        .finished(
          .completed(
            outputs: files.map { .location("https://x/\($0.path)") }, hasNSFWContents: [], inferenceMilliseconds: nil)),
        by: row.writer)
      let files = files.map { file in
        OutputFile(
          path: file.path, mediaType: "image/png", bytes: 1, sha256: file.digest.hexadecimal, width: 1, height: 1)
      }
      try fixture.change(row.id, .saved(files), by: fixture.store.prediction(row.id)?.writer)
      return row.id
    }
    let one = try saved("a", [("/o/a.png", first)])
    let two = try saved("b", [("/o/b.png", second), ("/o/c.png", first)])
    // Its path holds what the cell of another file holds.
    _ = try saved("c", [(#"/o/","sha256":"\#(first.hexadecimal)""#, [UInt8](repeating: 3, count: 32))])
    _ = try saved("d", [("/o/\(first.hexadecimal)", [UInt8](repeating: 4, count: 32))])
    for limit in [1, 50] {
      #expect(try all(fixture, limit: limit) { $0.fileDigest = first } == [two, one])
      #expect(try all(fixture, limit: limit) { $0.fileDigest = second } == [two])
      #expect(try all(fixture, limit: limit) { $0.fileDigest = [UInt8](repeating: 9, count: 32) } == [])
    }
    #expect(
      try all(fixture) {
        $0.fileDigest = first; $0.status = .failed
      } == [])
    // A cursor belongs to its file.
    var query = ListQuery(limit: 1)
    query.fileDigest = first
    query.cursor = try fixture.store.list(query).nextCursor
    #expect(try fixture.store.list(query).predictions.map(\.id) == [one])
    query.fileDigest = second
    #expect(throws: StoreError.badCursor) { try fixture.store.list(query) }
    query.fileDigest = nil
    #expect(throws: StoreError.badCursor) { try fixture.store.list(query) }
  }

  @Test func aFileThatNothingMadeIsSearchedInPagesOfALimitedNumberOfRows() throws {
    let fixture = try StoreFixture()
    try TableConnection(path: fixture.table).script(
      """
      BEGIN IMMEDIATE;
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i <= \(ListPlan.lookLimit))
      INSERT INTO predictions(seq, low, status, provider, model, account, fingerprint, output_dir)
        SELECT (2000 + i) << 12, i, 'completed', 'p', 'm', 'a', x'00', '/o' FROM n;
      COMMIT
      """)
    var query = ListQuery()
    query.fileDigest = [UInt8](repeating: 7, count: 32)
    let page = try fixture.store.list(query)
    #expect(page.predictions.isEmpty)
    #expect(page.nextCursor != nil)
    query.cursor = page.nextCursor
    #expect(try fixture.store.list(query) == ListPage(predictions: [], cursors: [], nextCursor: nil))
  }

  @Test func rowsHaveAllFields() throws {
    let (fixture, rows) = try filled()
    let lean = rows.map { row in
      var row = row
      row.input = nil
      return row
    }
    #expect(try fixture.store.list(ListQuery()).predictions == lean)
  }

  @Test func aCallerMayGoOnAfterAnyRow() throws {
    let (fixture, rows) = try filled()
    let page = try fixture.store.list(ListQuery())
    #expect(page.nextCursor == nil)
    var query = ListQuery(limit: 2)
    query.cursor = page.cursors[3]
    #expect(try fixture.store.list(query).predictions.map(\.id) == rows[4...5].map(\.id))
    // Later predictions are newer and change nothing.
    try fixture.insert(fixture.new())
    #expect(try fixture.store.list(query).predictions.map(\.id) == rows[4...5].map(\.id))
  }

  @Test func cursorsOfOtherQueriesAreRefused() throws {
    let (fixture, _) = try filled()
    var query = ListQuery(limit: 1)
    let cursor = try #require(try fixture.store.list(query).nextCursor)
    query.model = "even"
    for bad in [
      cursor, "", "x", "zz" + cursor.dropFirst(2), cursor + "0", String(cursor.dropLast()),
      "ffffffff" + cursor.dropFirst(8),
    ] {
      query.cursor = bad
      #expect(throws: StoreError.badCursor) { try fixture.store.list(query) }
    }
    query.model = nil
    query.limit = 7
    query.cursor = cursor
    #expect(try fixture.store.list(query).predictions.count == 7)
  }

  @Test func limitsAreClamped() throws {
    let (fixture, _) = try filled()
    #expect(try fixture.store.list(ListQuery(limit: 0)).predictions.count == 1)
    #expect(try fixture.store.list(ListQuery(limit: .max)).predictions.count == 12)
  }

  @Test func aPageExaminesALimitedNumberOfRows() throws {
    let fixture = try StoreFixture()
    try fixture.insert(Prediction.sample("needle", at: 1_000))
    // 50,000 others, inserted with SQL: only reading is tested.
    try TableConnection(path: fixture.table).script(
      """
      BEGIN IMMEDIATE;
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)
      INSERT INTO predictions(seq, low, status, provider, model, account, fingerprint, output_dir)
        SELECT (2000 + i) << 12, i, 'completed', 'p', 'm', 'a', x'00', '/o' FROM n;
      INSERT INTO words(seq, text) SELECT seq, 'hay' FROM predictions WHERE low BETWEEN 1 AND 50000;
      COMMIT
      """)
    var query = ListQuery()
    query.text = "needle"
    var sizes: [Int] = []
    repeat {
      let page = try fixture.store.list(query)
      sizes.append(page.predictions.count)
      query.cursor = page.nextCursor
    } while query.cursor != nil
    #expect(sizes == [0, 0, 1])
  }

  @Test func oneFilterFindsItsRowsBehindAnyNumberOfOthers() throws {
    let (fixture, rows) = try filled()
    // A batch that failed as a whole, newer than all others; inserted with SQL, as above.
    try TableConnection(path: fixture.table).script(
      """
      BEGIN IMMEDIATE;
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i <= \(ListPlan.lookLimit))
      INSERT INTO predictions(seq, low, status, provider, model, account, fingerprint, output_dir)
        SELECT (1 << 52) + i, i, 'failed', 'p', 'm', 'a', x'00', '/o' FROM n;
      COMMIT
      """)
    for status in PredictionStatus.allCases where status != .failed {
      var query = ListQuery()
      query.status = status
      #expect(try fixture.store.list(query).predictions.map(\.id) == rows.filter { $0.status == status }.map(\.id))
    }
  }

  @Test func everyPlanUsesItsIndexAndSortsNothing() throws {
    let (fixture, _) = try filled()
    func plan(_ change: (inout ListQuery) -> Void) throws -> String {
      var query = ListQuery()
      change(&query)
      let plan = try ListPlan(query)
      return try TableConnection(path: fixture.table)
        .rows("EXPLAIN QUERY PLAN " + plan.pageSQL, list: plan.values) { $0.text(3) }.joined(separator: "; ")
    }
    let wanted: [(String, (inout ListQuery) -> Void)] = [
      ("SEARCH predictions USING INTEGER PRIMARY KEY", { _ in }),
      ("SEARCH tags USING PRIMARY KEY (tag=? AND seq>? AND seq<?)", { $0.tag = "t" }),
      ("SEARCH predictions USING COVERING INDEX odd (status=? AND seq>? AND seq<?)", { $0.status = .failed }),
      (
        "SEARCH predictions USING COVERING INDEX completed (status=? AND rowid>? AND rowid<?)",
        { $0.status = .completed }
      ),
      ("SEARCH predictions USING COVERING INDEX by_model (model=? AND seq>? AND seq<?)", { $0.model = "m" }),
      ("SEARCH predictions USING COVERING INDEX by_provider (provider=? AND seq>? AND seq<?)", { $0.provider = "p" }),
      ("SEARCH words USING INTEGER PRIMARY KEY", { $0.text = "t" }),
    ]
    for (search, change) in wanted {
      let found = try plan(change)
      #expect(found.contains(search) && !found.contains("TEMP B-TREE"))
    }
    #expect(try plan { $0.status = .processing }.contains("INDEX unsettled"))
    // A queue is sorted by its index, without its rows.
    #expect(try plan { $0.status = .created }.contains("SCAN predictions USING COVERING INDEX unsettled"))
  }
}
