internal import Encoding
internal import Threads

/// A file that must have a known content: what is read of it is hashed on the way, so that it is known afterwards whether those
/// bytes were sent, even if the file was changed and changed back meanwhile.
struct CheckedInput: InputFile {
  private let file: any InputFile
  private let content: FileContent
  private let read: Protected<ReadDigest>

  /// - Parameter file: has had this content; see `PredictionEngine.open`.
  init(_ file: any InputFile, content: FileContent) {
    self.file = file
    self.content = content
    read = Protected(ReadDigest(length: content.bytes))
  }

  var name: String { file.name }
  var mediaType: String { file.mediaType }
  var bytes: Int64 { file.bytes }

  /// Whether it is unchanged, and the bytes that were read of it last, from its start on, are those of the content.
  var isUnchanged: Bool { file.isUnchanged && read.withLock { $0.mayBe(content.digest) } }

  func read(from offset: Int64, into buffer: UnsafeMutableRawBufferPointer) -> Int? {
    guard let count = file.read(from: offset, into: buffer) else { return nil }
    let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
    read.withLock { $0.add(bytes.bindMemory(to: UInt8.self).span, at: offset) }
    return count
  }
}

/// SHA-256 of a file that is read in order, perhaps more than once. Pure.
struct ReadDigest {
  private let length: Int64
  private var hash = SHA256()
  /// The end of what was hashed; `nil` where something between was not read.
  private var place: Int64? = 0

  init(length: Int64) {
    self.length = length
  }

  /// Whether the file may have this hash: it has it, or its end was not read. A file that was read with gaps has none.
  func mayBe(_ digest: [UInt8]) -> Bool {
    guard let place else { return false }
    guard place >= length else { return true }
    var copy = hash
    return place == length && copy.finish() == digest
  }

  /// Adds bytes that were read from an offset on. The start begins again.
  mutating func add(_ bytes: borrowing Span<UInt8>, at offset: Int64) {
    if offset == 0 {
      hash = SHA256()
      place = 0
    }
    guard place == offset else { return place = nil }
    hash.update(bytes)
    place = offset + Int64(bytes.count)
  }
}
