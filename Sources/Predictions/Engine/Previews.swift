/// Partial images of predictions: the newest one that is not stored yet, and which predictions have a stored file. A
/// pure struct.
///
/// At most one image waits for each prediction, however fast they arrive: a newer one replaces it.
struct Previews: Sendable {
  /// A partial image, and its number as the provider counts them.
  typealias Image = (bytes: [UInt8], index: Int)

  /// The images of one prediction, while they are being stored.
  private struct Pending: Sendable {
    var next: Image?
  }

  private var pending: [PredictionID: Pending] = [:]
  private var stored: Set<PredictionID> = []

  /// Adds an image, in place of one that still waits.
  ///
  /// - Returns: whether storing must be started: it is not in progress for this prediction.
  mutating func add(_ image: Image, of id: PredictionID) -> Bool {
    let isIdle = pending[id] == nil
    pending[id] = Pending(next: image)
    return isIdle
  }

  /// Takes out the image to store next; `nil` ends the storing for this prediction.
  mutating func takeNext(of id: PredictionID) -> Image? {
    guard let next = pending[id]?.next else {
      pending[id] = nil
      return nil
    }
    pending[id]?.next = nil
    return next
  }

  /// Drops the image that still waits.
  mutating func dropNext(of id: PredictionID) { pending[id]?.next = nil }

  /// Notes that a prediction has a file.
  mutating func noteStored(_ id: PredictionID) { stored.insert(id) }

  /// Forgets the file of a prediction.
  ///
  /// - Returns: whether this process has stored one, so that it must be removed.
  mutating func removeStored(_ id: PredictionID) -> Bool { stored.remove(id) != nil }
}
