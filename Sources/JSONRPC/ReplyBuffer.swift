/// The frames of one read, in the order in which one write sends them when all of its requests have been handled.
///
/// Replies given at once are appended. A reply that is given later has a place, so that it is still written in the order
/// of the requests if it comes before the write.
struct ReplyBuffer: Sendable {
  /// The place of a frame, valid for the current read.
  struct Place: Sendable, Equatable {
    fileprivate let read: Int
    fileprivate let index: Int
  }

  private struct Kept: Sendable {
    /// The number of appended bytes before this place.
    let offset: Int
    var frames: [UInt8] = []
  }

  private(set) var isOpen = false
  private var read = 0
  private var frames: [UInt8] = []
  private var kept: [Kept] = []
  private var keptBytes = 0
  private var merged: [UInt8] = []

  /// The number of bytes collected so far.
  var count: Int { frames.count + keptBytes }

  /// Starts to collect frames.
  mutating func open() {
    isOpen = true
  }

  /// Reserves a place behind all collected frames.
  mutating func keepPlace() -> Place {
    kept.append(Kept(offset: frames.count))
    return Place(read: read, index: kept.count - 1)
  }

  /// Adds one frame at a place, or at the end where `place` is `nil` or of an earlier read.
  mutating func append(_ message: inout [UInt8], by encoder: FrameEncoder, at place: Place?) {
    if let place, place.read == read {
      let before = kept[place.index].frames.count
      encoder.append(&message, to: &kept[place.index].frames)
      keptBytes += kept[place.index].frames.count - before
    } else {
      encoder.append(&message, to: &frames)
    }
  }

  /// Whether a place is reserved, for which later frames must wait.
  var isOwed: Bool { !kept.isEmpty }

  /// Stops collecting and lends the frames to the body. The array that it leaves is emptied and used again.
  mutating func close(_ body: (inout [UInt8]) -> Void) {
    isOpen = false
    read += 1
    if kept.count == 1, frames.isEmpty {
      swap(&frames, &kept[0].frames)
    } else if keptBytes > 0 {
      var offset = 0
      for place in kept {
        merged.append(contentsOf: frames[offset..<place.offset])
        merged.append(contentsOf: place.frames)
        offset = place.offset
      }
      merged.append(contentsOf: frames[offset...])
      swap(&merged, &frames)
      merged.removeAll(keepingCapacity: merged.capacity <= 1 << 20)
    }
    keptBytes = 0
    kept.removeAll(keepingCapacity: true)
    body(&frames)
    frames.removeAll(keepingCapacity: frames.capacity <= 1 << 20)
  }
}
