import Predictions
import Threads

/// Previews in memory. Bytes that begin with a zero are not an image.
final class MemoryPreviews: PreviewStore {
  struct State {
    var files: [PredictionID: [UInt8]] = [:]
    /// All previews that were stored, in order.
    var history: [[UInt8]] = []
    /// While this holds `keep` waits.
    var isHeld = false
  }

  let state = Protected(State())

  func keep(_ bytes: [UInt8], index: Int, of id: PredictionID) throws(OutputError) -> Preview {
    if bytes.first == 0 { throw .notAnImage }
    _ = state.wait { $0.isHeld ? nil : true }
    state.signal { state in
      state.files[id] = bytes
      state.history.append(bytes)
    }
    return Preview(
      path: "/previews/\(id).png", mediaType: "image/png", bytes: Int64(bytes.count), width: 1, height: 1, index: index)
  }

  func discard(_ ids: Set<PredictionID>) {
    state.signal { state in for id in ids { state.files[id] = nil } }
  }

  var kept: Set<PredictionID> { state.withLock { Set($0.files.keys) } }
}
