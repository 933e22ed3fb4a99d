import Encoding
import Predictions
import PredictionsTestSupport
import Testing

@testable import Storage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Measures the store; runs only with
/// `IMAGEWIRE_FIGURES=1 swift test -c release -Xswiftc -enable-testing --filter StorageTests.Figures`.
@Suite("Figures", .serialized, .enabled(if: getenv("IMAGEWIRE_FIGURES") != nil))
struct Figures {
  private func seconds(_ body: () throws -> Void) rethrows -> Double {
    let start = ContinuousClock.now
    try body()
    let time = (ContinuousClock.now - start).components
    return Double(time.seconds) + Double(time.attoseconds) / 1e18
  }

  @Test func hashing() {
    let bytes = [UInt8](repeating: 0x5A, count: 64 << 20)
    var last: [UInt8] = []
    let time = seconds { last = SHA256.hash(bytes) }
    print("SHA-256: \(Int(64 / time * 1.048576)) MB/s \(last.prefix(1).hexadecimal)")
  }

  @Test func writing() throws {
    let path = "/tmp/imagewire-sync-probe"
    let file = try Descriptor(opening: path, O_RDWR | O_CREAT)
    let sync = try seconds {
      for _ in 0..<200 {
        try file.write([UInt8](repeating: 1, count: 32 << 10).span)
        fdatasync(file.number)
      }
    }
    unlink(path)
    print("fdatasync of 32 KiB: \(sync / 200 * 1000) ms")
    for group in [1, 10, 64, 1000] {
      let fixture = try StoreFixture()
      let count = group == 1 ? 2000 : 20_000 / group * group
      let rows = (0..<count).map { index in
        var row = Prediction.sample(
          "a cat of number \(index)", at: fixture.time.now.wall + Int64(index), key: "k\(index)")
        row.tags = ["tag"]
        return row
      }
      let time = seconds {
        for (index, row) in rows.enumerated() {
          fixture.store.insert(row, queueLimit: 1_000_000) { _ in }
          if index % group == group - 1 { fixture.store.flush() }
        }
      }
      print(
        "insert by \(group): \(Int(Double(count) / time)) a second, \(time / Double(count / group) * 1000) ms a commit")
      guard group == 1000 else { continue }
      let lookups = try seconds { for row in rows.prefix(10_000) { _ = try fixture.store.prediction(row.id) } }
      print("lookup: \(lookups / 10_000 * 1e6) µs")
      let lists = try seconds { for _ in 0..<200 { _ = try fixture.store.list(ListQuery()) } }
      print("list of 50: \(lists / 200 * 1000) ms")
      var absent = ListQuery()
      absent.text = "absent"
      let words = try seconds { for _ in 0..<10 { _ = try fixture.store.list(absent) } }
      print("absent word in 20,000 rows: \(words / 10 * 1000) ms")
      let changed = seconds { for _ in 0..<10_000 { _ = fixture.store.hasChanged() } }
      print("hasChanged: \(changed / 10_000 * 1e6) µs")
      let claims = try seconds { for _ in 0..<500 { _ = try fixture.claimed() } }
      print("claim, one a commit: \(claims / 500 * 1000) ms")
      let opening = try seconds { for _ in 0..<20 { _ = try StoreFixture(fixture.folder) } }
      print("opening beside another: \(opening / 20 * 1000) ms")
      fixture.store.close()
    }
    let first = try seconds { for _ in 0..<20 { _ = try StoreFixture() } }
    print("first start: \(first / 20 * 1000) ms")
  }
}
