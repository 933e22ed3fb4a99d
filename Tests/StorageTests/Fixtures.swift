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

/// A directory that is removed with its last reference.
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

/// A store in a temporary directory.
struct StoreFixture: StoreCalls {
  let folder: TemporaryFolder
  let time: ManualTime
  let store: TablePredictionStore
  let ids = IDSequence()

  init(
    _ folder: TemporaryFolder = TemporaryFolder(), time: ManualTime = ManualTime(), writerSettings: String? = nil,
    notice: @escaping (String) -> Void = { _ in }
  ) throws {
    self.folder = folder
    self.time = time
    store = try TablePredictionStore(
      directory: folder.path + "/state", time: time, writerSettings: writerSettings, notice: notice)
  }

  var opened: any PredictionStore { store }

  var directory: String { folder.path + "/state" }

  var table: String { store.path }

  /// Reads the database past the store. With SQLite, since opening the file otherwise would drop SQLite's locks.
  func peek(_ sql: String) throws -> Int64 { try TableConnection(path: table).integer(sql) }

  func peekText(_ sql: String) throws -> String? { try TableConnection(path: table).first(sql) { $0.text(0) } }
}

struct Missing: Error {}

/// The bytes of a file, to test that it does not change.
func contents(of path: String) -> [UInt8]? { FileSystem.read(path, atMost: 1 << 24) }

/// Writes a file.
func write(_ bytes: [UInt8], to path: String) throws {
  try Descriptor(opening: path, O_WRONLY | O_CREAT | O_TRUNC).write(bytes.span)
}

extension StoreError {
  /// The message of a failure; empty for anything else.
  var message: String { if case .failed(let message, _) = self { message } else { "" } }
}
