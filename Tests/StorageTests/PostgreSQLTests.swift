import PostgreSQL
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

/// Where `make test-fleet` has started a server.
let testServer = getenv("IMAGEWIRE_TEST_POSTGRESQL").map { String(cString: $0) }

/// Tests that need a server, one after the other: its database is emptied for each.
@Suite("PostgreSQL", .enabled(if: testServer != nil), .serialized)
enum PostgreSQLTests {}

extension PostgreSQLTests {
  @Suite("The PostgreSQL store keeps the rules of every store", .serialized)
  struct ConformanceTests {
    @Test(arguments: StoreConformance.rules)
    func rule(_ rule: StoreConformance.Rule) throws {
      let server = try #require(testServer)
      try PostgreSQLConnection(server).script("DROP SCHEMA IF EXISTS imagewire CASCADE")
      let folder = TemporaryFolder()
      let time = ManualTime()
      let world = StoreWorld(time: time) {
        let store = try TablePredictionStore(server: server, directory: folder.path, time: time, grace: 0)
        return (store, { store.close() })
      }
      try rule.check(in: world)
    }
  }
}
