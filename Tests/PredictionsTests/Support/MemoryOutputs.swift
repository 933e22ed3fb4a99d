import Encoding
import Predictions
import Threads

/// Output files in memory.
final class MemoryOutputs: OutputStore {
  struct State {
    var files: [String: [UInt8]] = [:]
    /// What `begin` throws next.
    var faults: [OutputError] = []
    var unfinished = 0
  }

  let state = Protected(State())

  func prepare(_ directory: String, for origin: PredictionOrigin?) throws(OutputError) -> String {
    if directory == "/unwritable" { throw .folder(path: directory, reason: "not allowed") }
    return directory
  }

  func contents(of file: OutputFile, for origin: PredictionOrigin?) throws(OutputError) -> [UInt8] {
    guard let bytes = state.withLock({ $0.files[file.path] }) else {
      throw .inputOutput(path: file.path, reason: "no such file")
    }
    return bytes
  }

  func read(_ file: OutputFile, for origin: PredictionOrigin?, _ piece: ([UInt8]) -> Void) throws(OutputError) {
    piece(try contents(of: file, for: origin))
  }

  func begin(_ prediction: Prediction) -> any OutputBatch { MemoryBatch(prediction, in: self) }

  func remove(_ files: [OutputFile], for origin: PredictionOrigin?) -> [String] {
    state.withLock { state in for file in files { state.files[file.path] = nil } }
    return []
  }
}

final class MemoryBatch: OutputBatch {
  private let prediction: Prediction
  private let store: MemoryOutputs
  private let writers = Protected<[Int: MemoryWriter]>([:])

  init(_ prediction: Prediction, in store: MemoryOutputs) {
    self.prediction = prediction
    self.store = store
  }

  func begin(index: Int) throws(OutputError) -> any OutputWriter {
    let fault = store.state.withLock { state in
      if state.faults.isEmpty {
        state.unfinished += 1
        return nil as OutputError?
      }
      return state.faults.removeFirst()
    }
    if let fault { throw fault }
    let writer = MemoryWriter(store)
    writers.withLock { $0[index] = writer }
    return writer
  }

  func place() -> [OutputFile] {
    let writers = writers.withLock { $0 }
    return writers.keys.sorted().compactMap { index in
      guard let bytes = writers[index]?.take() else { return nil }
      let path = "\(prediction.outputDirectory)/\(prediction.id)-\(index).png"
      store.state.withLock { $0.files[path] = bytes }
      return OutputFile(
        path: path, mediaType: "image/png", bytes: Int64(bytes.count), sha256: SHA256.hash(bytes).hexadecimal,
        width: nil, height: nil, index: index)
    }
  }
}

final class MemoryWriter: OutputWriter {
  private let bytes = Protected<[UInt8]?>([])
  private let store: MemoryOutputs

  init(_ store: MemoryOutputs) { self.store = store }

  func write(_ bytes: borrowing Span<UInt8>) {
    var copy: [UInt8] = []
    for index in bytes.indices { copy.append(bytes[index]) }
    self.bytes.withLock { $0? += copy }
  }

  func restart() { bytes.withLock { $0 = [] } }

  func finish(_ hint: FormatHint) {}

  func discard() { _ = take() }

  /// The bytes, once; `nil` where it was discarded.
  func take() -> [UInt8]? {
    let taken = bytes.withLock { bytes in
      defer { bytes = nil }
      return bytes
    }
    if taken != nil { store.state.withLock { $0.unfinished -= 1 } }
    return taken
  }
}
