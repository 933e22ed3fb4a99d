import PostgreSQL
import Predictions
import PredictionsTestSupport
import Testing
import Threads

@testable import Storage

extension PostgreSQLTests {
  /// What goes wrong where two processes write at once: each of these fails without the lock with which a transaction begins.
  @Suite("Processes that write to one server at the same moment", .serialized)
  struct RaceTests {
    private static let rounds = 20

    /// Stores as eight processes have them.
    private struct Fleet {
      let time = ManualTime()
      let folder = TemporaryFolder()
      let stores: [TablePredictionStore]

      init() throws {
        let server = try #require(testServer)
        try PostgreSQLConnection(server).script("DROP SCHEMA IF EXISTS imagewire CASCADE")
        let (folder, time) = (folder, time)
        stores = try (0..<8).map { _ in
          try TablePredictionStore(server: server, directory: folder.path, time: time, grace: 0)
        }
        // Connected before the race.
        for store in stores { _ = try insert(.sample(id: PredictionID(at: time.now.wall), account: "none"), in: store) }
      }

      func insert(_ prediction: Prediction, in store: TablePredictionStore) throws -> InsertOutcome {
        let answer = Protected<Result<InsertOutcome, StoreError>?>(nil)
        store.insert(prediction, queueLimit: 10_000) { result in answer.withLock { $0 = result } }
        store.flush()
        return try #require(answer.withLock { $0 }).get()
      }

      /// Hands a write to every store at the same moment, and returns the outcomes.
      func race<Value: Sendable>(
        _ write: (TablePredictionStore, @escaping @Sendable (Result<Value, StoreError>) -> Void) -> Void
      ) -> [Result<Value, StoreError>] {
        let answers = Protected<[Result<Value, StoreError>]>([])
        for store in stores { write(store) { result in answers.signal { $0.append(result) } } }
        return answers.wait(atMost: 30_000) { $0.count == stores.count ? $0 : nil } ?? []
      }

      func close() { for store in stores { store.close() } }
    }

    /// The server answers COMMIT of a failed transaction with ROLLBACK, and without an error.
    @Test func aCommitOfAFailedTransactionIsAFailure() throws {
      let server = try #require(testServer)
      let connection = TableConnection(writingTo: try PostgreSQLConnection(server))
      try connection.script("CREATE TEMP TABLE changes(change bigint PRIMARY KEY)")
      try connection.script("BEGIN")
      try connection.run("SELECT 1/0")
      #expect(throws: TableError.self) { try connection.settle() }
      #expect(throws: TableError.self) { try connection.commit() }
      // The failure of a statement that was only sent comes with the commit.
      try connection.script("ROLLBACK; BEGIN")
      try connection.run("INSERT INTO changes VALUES(7)")
      try connection.run("INSERT INTO changes VALUES(7)")
      #expect(throws: TableError.self) { try connection.commit() }
      try connection.script("ROLLBACK; BEGIN")
      #expect(try connection.integer("SELECT count(*) FROM changes") == 0)
      try connection.run("INSERT INTO changes VALUES(7)")
      #expect(try connection.commit() == 7)
    }

    @Test func claimsKeepTheLimitOfAnAccount() throws {
      let fleet = try Fleet()
      defer { fleet.close() }
      for round in 0..<Self.rounds {
        let account = "account \(round)"
        for number in 0..<8 {
          fleet.time.advance(1)
          _ = try fleet.insert(
            .sample("\(round) \(number)", id: PredictionID(at: fleet.time.now.wall), account: account),
            in: fleet.stores[0])
        }
        let request = ClaimRequest(account: account, maxConcurrency: 2, maxPerMinute: nil)
        let outcomes = fleet.race { store, done in store.claim(request, completion: done) }
        let claimed = outcomes.compactMap { outcome -> PredictionID? in
          if case .success(.claimed(let prediction)) = outcome { prediction.id } else { nil }
        }
        #expect(claimed.count == 2 && Set(claimed).count == 2, "round \(round): \(claimed.count) claimed")
      }
    }

    @Test func claimsKeepTheLimitOfADay() throws {
      let fleet = try Fleet()
      defer { fleet.close() }
      for round in 0..<Self.rounds {
        let account = "account \(round)"
        for number in 0..<8 {
          fleet.time.advance(1)
          var prediction = Prediction.sample(
            "\(round) \(number)", id: PredictionID(at: fleet.time.now.wall), account: account)
          prediction.estimateMicros = 10
          _ = try fleet.insert(prediction, in: fleet.stores[0])
        }
        let request = ClaimRequest(account: account, maxConcurrency: nil, maxPerMinute: nil, maxSpendMicros: 30)
        let outcomes = fleet.race { store, done in store.claim(request, completion: done) }
        let claimed = outcomes.count { if case .success(.claimed) = $0 { true } else { false } }
        #expect(claimed == 3, "round \(round): \(claimed) claimed")
      }
    }

    @Test func changesAreNumberedInTheOrderOfTheirCommits() throws {
      let fleet = try Fleet()
      defer { fleet.close() }
      let reader = fleet.stores[0]
      var cursor = try reader.changes(after: nil).newest
      let seen = Protected<Set<PredictionID>>([])
      var wanted: Set<PredictionID> = []
      for round in 0..<Self.rounds {
        let made = Protected<[Prediction]>([])
        let outcomes = fleet.race { store, done in
          fleet.time.advance(1)
          let prediction = Prediction.sample("\(round)", id: PredictionID(at: fleet.time.now.wall))
          made.withLock { $0.append(prediction) }
          store.insert(prediction, queueLimit: 10_000, completion: done)
          startThread { store.flush() }
          // Read while the others commit.
          if let found = try? reader.changes(after: cursor) {
            cursor = found.newest
            seen.withLock { $0.formUnion(found.changes.map(\.id)) }
          }
        }
        for case .success(.inserted(let prediction)) in outcomes { wanted.insert(prediction.id) }
      }
      seen.withLock { $0.formUnion((try? reader.changes(after: cursor).changes.map(\.id)) ?? []) }
      #expect(wanted.count == 8 * Self.rounds)
      #expect(wanted.subtracting(seen.withLock { $0 }).isEmpty)
    }
  }
}
