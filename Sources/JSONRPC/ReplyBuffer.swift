/// The frames of one read, in the order in which they are written: by one write, when the read has been handled.
///
/// Replies given at once are appended. A reply that comes later keeps its place, so that one given before the write still
/// goes out in the order of the requests.
struct ReplyBuffer: Sendable {
  /// Where a frame belongs, for as long as this read is being gathered.
  struct Place: Sendable, Equatable {
    fileprivate let read: Int
    fileprivate let index: Int
  }

  private struct Kept: Sendable {
    /// How many of the appended bytes stand before this place.
    let offset: Int
    var frames: [UInt8] = []
  }

  private(set) var isOpen = false
  private var read = 0
  private var frames: [UInt8] = []
  private var kept: [Kept] = []
  private var keptBytes = 0
  private var merged: [UInt8] = []

  /// Bytes gathered so far.
  var count: Int { frames.count + keptBytes }

  /// Starts to hold frames back.
  mutating func open() {
    isOpen = true
  }

  /// Keeps a place behind all that has been gathered.
  mutating func keepPlace() -> Place {
    kept.append(Kept(offset: frames.count))
    return Place(read: read, index: kept.count - 1)
  }

  /// Adds one frame at a place, or at the end where there is none or its read has been written.
  mutating func append(_ message: inout [UInt8], by encoder: FrameEncoder, at place: Place?) {
    if let place, place.read == read {
      let before = kept[place.index].frames.count
      encoder.append(&message, to: &kept[place.index].frames)
      keptBytes += kept[place.index].frames.count - before
    } else {
      encoder.append(&message, to: &frames)
    }
  }

  /// Whether a place was kept, so that what comes behind it has to wait.
  var isOwed: Bool { !kept.isEmpty }

  /// Stops to hold frames back, and lends all of them; what the body leaves is thrown away but its memory used again.
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
