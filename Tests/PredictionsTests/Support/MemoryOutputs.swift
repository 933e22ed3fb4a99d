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

  func begin(_ prediction: Prediction, index: Int) throws(OutputError) -> MemoryWriter {
    let fault = state.withLock { state in
      if state.faults.isEmpty {
        state.unfinished += 1
        return nil as OutputError?
      }
      return state.faults.removeFirst()
    }
    if let fault { throw fault }
    return MemoryWriter(self)
  }

  func place(_ files: [MemoryWriter], of prediction: Prediction) -> [OutputFile] {
    files.enumerated().map { index, writer in
      let path = "\(prediction.outputDirectory)/\(prediction.id)-\(index + 1).png"
      let bytes = writer.take()
      state.withLock { $0.files[path] = bytes }
      return OutputFile(
        path: path, mediaType: "image/png", bytes: Int64(bytes.count), sha256: SHA256.hash(bytes).hexadecimal,
        width: nil, height: nil)
    }
  }

  func remove(_ files: [OutputFile], for origin: PredictionOrigin?) -> [String] {
    state.withLock { state in for file in files { state.files[file.path] = nil } }
    return []
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

  func finish(_ hint: FormatHint) {}

  func discard() { _ = take() }

  func take() -> [UInt8] {
    let taken = bytes.withLock { bytes in
      defer { bytes = nil }
      return bytes
    }
    if taken != nil { store.state.withLock { $0.unfinished -= 1 } }
    return taken ?? []
  }
}
