import JSON
import Predictions
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

/// A folder that is gone when nobody needs it any more.
final class TemporaryFolder: Sendable {
  let path: String

  init() {
    var template = Array("/tmp/imagewire-test-XXXXXX".utf8CString)
    path = template.withUnsafeMutableBufferPointer { String(cString: mkdtemp($0.baseAddress!)) }
  }

  deinit { Self.remove(path) }

  static func remove(_ path: String) {
    for name in FileSystem.names(in: path) { remove("\(path)/\(name)") }
    if unlink(path) != 0 { rmdir(path) }
  }
}

/// Time as a test wants it.
final class TestTime: TimeSource {
  private let moment: Protected<Moment>
  let boot: String? = "boot"

  init(_ wall: Int64 = 1_763_900_000_000) {
    moment = Protected(Moment(steady: wall, wall: wall))
  }

  var now: Moment { moment.withLock { $0 } }

  func advance(_ milliseconds: Int64) {
    moment.withLock { moment in
      moment.steady += milliseconds
      moment.wall += milliseconds
    }
  }

  /// Sets the wall clock; no time passes.
  func set(by step: Int64) { moment.withLock { $0.wall += step } }
}

/// A store, and its calls as calls that wait.
struct StoreFixture {
  let folder: TemporaryFolder
  let time: TestTime
  let store: SQLitePredictionStore
  private let lastID = Protected<PredictionID?>(nil)

  init(
    _ folder: TemporaryFolder = TemporaryFolder(), time: TestTime = TestTime(), writerSettings: String? = nil,
    notice: @escaping (String) -> Void = { _ in }
  ) throws {
    self.folder = folder
    self.time = time
    store = try SQLitePredictionStore(
      directory: folder.path + "/state", time: time, writerSettings: writerSettings, notice: notice)
  }

  var directory: String { folder.path + "/state" }

  var table: String { store.path }

  func wait<Value: Sendable>(
    _ call: (@escaping @Sendable (Result<Value, StoreError>) -> Void) -> Void
  ) throws -> Value {
    let answer = Protected<Result<Value, StoreError>?>(nil)
    call { result in answer.withLock { $0 = result } }
    store.flush()
    return try #require(answer.withLock { $0 }).get()
  }

  @discardableResult
  func insert(_ prediction: Prediction, queueLimit: Int = 10_000) throws -> InsertOutcome {
    try wait { store.insert(prediction, queueLimit: queueLimit, completion: $0) }
  }

  @discardableResult
  func change(_ id: PredictionID, _ event: PredictionEvent, by writer: Writer? = nil) throws -> Prediction {
    try wait { store.change(id, event, by: writer, completion: $0) }.after
  }

  func claim(
    _ account: String = "account", concurrency: Int? = nil, perMinute: Int? = nil, orphans: OrphanRule = .sent
  ) throws -> ClaimOutcome {
    let request = ClaimRequest(
      account: account, maxConcurrency: concurrency, maxPerMinute: perMinute, orphans: orphans)
    return try wait { store.claim(request, completion: $0) }
  }

  /// Takes the oldest, which must be there.
  func claimed(_ account: String = "account") throws -> Prediction {
    guard case .claimed(let prediction) = try claim(account) else { throw Missing() }
    return prediction
  }

  func recover(_ accounts: [String: Bool] = ["account": true], awaited: [PredictionID] = []) throws -> Recovery {
    try wait { store.recover(accounts: accounts, awaited: awaited, completion: $0) }
  }

  func delete(_ ids: [PredictionID]) throws -> DeleteOutcome {
    try wait { store.delete(ids, completion: $0) }
  }

  func new(_ prompt: String = "a cat", key: String? = nil, account: String = "account") -> Prediction {
    var id = PredictionID(at: time.now.wall)
    // In order, and never the same twice, though the clock stands still; chance has only 12 bits in a millisecond.
    lastID.withLock { last in
      if let last, last.sequence >> 12 == id.sequence >> 12 {
        id = PredictionID(sequence: last.sequence + 1, lowBits: id.lowBits)
      }
      last = id
    }
    return .sample(prompt, id: id, key: key, account: account)
  }

  /// One that is at the provider.
  func polling(_ prompt: String = "a cat", remoteID: String = "r-1") throws -> Prediction {
    try insert(new(prompt))
    let row = try claimed()
    return try change(row.id, .accepted(remoteID: remoteID, clockSkew: 0))
  }

  /// One of which nobody knows.
  func looking(_ prompt: String = "a cat") throws -> Prediction {
    try insert(new(prompt))
    let row = try claimed()
    return try change(row.id, .ambiguous(reason: "No reply.", canLook: true), by: row.writer)
  }

  /// Looks at the table behind the store's back; only by SQLite, since opening the file otherwise drops its locks.
  func peek(_ sql: String) throws -> Int64 { try SQLiteConnection(path: table).integer(sql) }

  func peekText(_ sql: String) throws -> String? { try SQLiteConnection(path: table).first(sql) { $0.text(0) } }
}

struct Missing: Error {}

extension Prediction {
  static func sample(
    _ prompt: String = "a cat", id: PredictionID? = nil, at milliseconds: Int64 = 1_763_900_000_000, key: String? = nil,
    account: String = "account", provider: String = "wavespeed", model: String = "m", tags: [String] = [],
    folder: String = "/nowhere", name: String? = nil
  ) -> Prediction {
    let input = JSONObject([("prompt", .string(prompt))])
    return Prediction(
      id: id ?? PredictionID(at: milliseconds), provider: provider, model: model,
      input: JSONValue.object(input).serialized, tags: tags, idempotencyKey: key,
      fingerprint: Fingerprint.of(provider: provider, model: model, input: input), account: account,
      outputDirectory: folder, outputName: name)
  }

  var writer: Writer { Writer(owner: owner ?? "", epoch: epoch) }
}

/// What the disk holds, for tests of what must not change.
func contents(of path: String) -> [UInt8]? { FileSystem.read(path, atMost: 1 << 24) }

/// Writes a file with plain calls.
func write(_ bytes: [UInt8], to path: String) throws {
  try Descriptor(opening: path, O_WRONLY | O_CREAT | O_TRUNC).write(bytes.span)
}

extension StoreError {
  /// The message of a failure; empty for anything else.
  var message: String { if case .failed(let message, _) = self { message } else { "" } }
}
