import Encoding
import Predictions
import Testing

private let table: UInt32 = 0xABCD

/// A log of changes in memory that keeps only the newest lines.
private struct Log {
  var lines: [TableChange] = []
  var kept = Int.max

  var newest: ChangeCursor { ChangeCursor(table: table, number: lines.last?.number ?? 0) }

  mutating func add(_ id: PredictionID, isDeleted: Bool = false) {
    lines.append(TableChange(number: newest.number + 1, id: id, isDeleted: isDeleted))
  }

  func changes(after cursor: ChangeCursor) -> TableChanges {
    let oldest = newest.number - Int64(min(kept, lines.count)) + 1
    guard cursor.table == table, cursor.number >= oldest - 1 else {
      return TableChanges(newest: newest, isComplete: false)
    }
    var latest: [PredictionID: TableChange] = [:]
    for line in lines where line.number > cursor.number { latest[line.id] = line }
    return TableChanges(newest: newest, changes: latest.values.sorted { $0.number < $1.number })
  }
}

private func id(_ number: Int) -> PredictionID { PredictionID(sequence: Int64(number), lowBits: 0) }

/// The notifications of a subscription, with their times.
private struct Told: Equatable {
  var change: TableChange
  var cursor: ChangeCursor
  var at: Int64
}

/// Performs the feed's steps at one moment, until it rests or has nothing to send.
///
/// - Parameter slowness: how long each notification takes.
private func advance(
  _ feed: inout ChangeFeed, _ log: Log, _ now: inout Int64, slowness: () -> Int64 = { 0 }
) -> (told: [Told], resets: Int) {
  var told: [Told] = []
  var resets = 0
  while true {
    switch feed.next(at: now) {
    case .rest: return (told, resets)
    case .look(let cursor):
      let found = log.changes(after: cursor)
      if !feed.begin(found) { resets += 1 }
      // Nothing to do before the next change.
      if case .look = feed.next(at: now) { return (told, resets) }
    case .tell(let change, let cursor):
      now += slowness()
      told.append(Told(change: change, cursor: cursor, at: now))
      feed.told(at: now)
    }
  }
}

@Suite("Notifications of subscriptions")
struct ChangeFeedTests {
  private let start = ChangeCursor(table: table, number: 0)

  @Test func aFewChangesAreSentAtOnceAndTheNextAfterTheInterval() {
    var log = Log()
    var feed = ChangeFeed(.all, after: start)
    var now: Int64 = 1_000
    #expect(advance(&feed, log, &now).told == [])
    for number in 1...3 {
      log.add(id(1))
      #expect(advance(&feed, log, &now).told.map(\.change.number) == [Int64(number)])
    }
    log.add(id(1))
    log.add(id(1))
    #expect(feed.next(at: 1_000) == .rest(until: 1_145))
    now = 1_144
    #expect(advance(&feed, log, &now).told == [])
    now = 1_145
    #expect(advance(&feed, log, &now).told.map(\.change.number) == [5])
    log.add(id(1))
    #expect(feed.next(at: now) == .rest(until: 1_290))
    // A quiet time gives the burst back, and no more than that.
    now = 60_000
    #expect(advance(&feed, log, &now).told.map(\.change.number) == [6])
    for number in 7...8 {
      log.add(id(1))
      #expect(advance(&feed, log, &now).told.map(\.change.number) == [Int64(number)])
    }
    #expect(feed.next(at: now) == .rest(until: 60_145))
  }

  @Test func changesOfOnePredictionAreSentOnceInTheOrderOfTheLatest() {
    var log = Log()
    for number in [1, 2, 1, 3, 2, 1] { log.add(id(number)) }
    var feed = ChangeFeed(.all, after: start)
    var now: Int64 = 0
    let told = advance(&feed, log, &now).told
    #expect(told.map(\.change.id) == [id(3), id(2), id(1)])
    #expect(told.map(\.cursor.number) == [4, 5, 6])
  }

  /// For random changes and readers of any speed.
  @Test(arguments: 0..<50) func theRulesHold(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var log = Log()
    var feed = ChangeFeed(.all, after: start)
    var now: Int64 = 0
    var told: [Told] = []
    let isSlow = seed % 3 == 0
    for _ in 0..<400 {
      now += Int64.random(in: 0...40, using: &random)
      for _ in 0..<Int.random(in: 0...3, using: &random) {
        log.add(id(Int.random(in: 1...6, using: &random)), isDeleted: Bool.random(using: &random))
      }
      let step = advance(&feed, log, &now) { isSlow ? Int64.random(in: 0...60, using: &random) : 0 }
      #expect(step.resets == 0)
      told += step.told
    }
    now += ChangeFeed.interval
    told += advance(&feed, log, &now).told

    // In order, and each as the log has it.
    #expect(zip(told, told.dropFirst()).allSatisfy { $0.cursor.number < $1.cursor.number })
    #expect(told.allSatisfy { $0.change == log.lines[Int($0.cursor.number) - 1] })
    // At most ten in any second.
    for (_, sent) in Dictionary(grouping: told, by: \.change.id) {
      for (first, eleventh) in zip(sent, sent.dropFirst(10)) { #expect(eleventh.at - first.at >= 1_000) }
    }
    // In the end the last change of each prediction was sent.
    let latest = log.changes(after: start).changes
    for change in latest { #expect(told.last { $0.change.id == change.id }?.change == change) }
    #expect(feed.cursor == log.newest)

    // A subscriber that was cut off after any message and continues with its cursor misses nothing.
    for cut in stride(from: 0, through: told.count, by: 7) {
      let known = told[..<cut]
      var again = ChangeFeed(.all, after: known.last?.cursor ?? start)
      var later = now
      let rest = advance(&again, log, &later).told
      for change in latest {
        let heard = (known.map(\.change) + rest.map(\.change)).last { $0.id == change.id }
        #expect(heard == change)
      }
    }
  }

  @Test func aScopeOfIDsGetsOnlyTheirChanges() {
    var log = Log()
    for number in [1, 2, 3] { log.add(id(number)) }
    log.add(id(2), isDeleted: true)
    log.add(id(1), isDeleted: true)
    var feed = ChangeFeed(.ids([id(2), id(3)]), after: start)
    var now: Int64 = 0
    let told = advance(&feed, log, &now).told
    #expect(told.map(\.change.id) == [id(3), id(2)])
    #expect(told.map(\.change.isDeleted) == [false, true])
    // Changes after the last one in scope are skipped too, so that the cursor does not become too old.
    #expect(feed.cursor == log.newest)
    log.add(id(9))
    now += ChangeFeed.interval
    #expect(advance(&feed, log, &now).told == [])
    #expect(feed.cursor == log.newest)
  }

  @Test func tagsAreComparedByCodePoints() {
    let scope = ChangeFeed.Scope.tag("caf\u{E9}")
    func tagged(_ tags: [String]) -> Prediction {
      Prediction(
        id: id(1), provider: "p", model: "m", input: [], tags: tags, fingerprint: [], account: "a", outputDirectory: "/"
      )
    }
    #expect(scope.has(tagged(["x", "caf\u{E9}"])))
    #expect(!scope.has(tagged(["cafe\u{301}", "CAF\u{C9}"])))
    #expect(!scope.has(tagged([])))
    #expect(ChangeFeed.Scope.all.has(tagged([])))
    #expect(ChangeFeed.Scope.ids([id(1)]).has(tagged([])))
    #expect(!ChangeFeed.Scope.ids([id(2)]).has(tagged([])))
  }

  @Test func aSubscriberTooFarBehindIsNotifiedAndContinuesAtTheEnd() {
    var log = Log()
    log.kept = 10
    var feed = ChangeFeed(.all, after: start)
    for _ in 0..<10 { log.add(id(1)) }
    var now: Int64 = 0
    #expect(advance(&feed, log, &now).resets == 0)
    for _ in 0..<11 { log.add(id(2)) }
    now += ChangeFeed.interval
    let step = advance(&feed, log, &now)
    #expect(step.resets == 1 && step.told == [])
    #expect(feed.cursor == log.newest)
    log.add(id(3))
    now += ChangeFeed.interval
    #expect(advance(&feed, log, &now).told.map(\.change.id) == [id(3)])
  }

  @Test func aReportWithoutARoundChangesNothing() {
    var feed = ChangeFeed(.all, after: start)
    feed.told(at: 5)
    #expect(feed.next(at: 5) == .look(after: start))
  }

  // MARK: - Cursors

  @Test(arguments: [(0, 0), (1, 1), (UInt32.max, Int64.max), (0xABCD, 100_000)] as [(UInt32, Int64)])
  func aCursorSurvivesItsText(table: UInt32, number: Int64) {
    let cursor = ChangeCursor(table: table, number: number)
    #expect(ChangeCursor(cursor.description) == cursor)
  }

  @Test(arguments: [
    "", "-", "1", "1-", "-1", "g-1", "1--1", "1-+1", "01-1", "1-01", "1-1-1", "A-1", "100000000-1",
    "1-9223372036854775808",
    " 1-1", "1-1\n", "1-１",
  ]) func anyOtherTextIsNoCursor(_ text: String) {
    #expect(ChangeCursor(text) == nil)
  }
}
