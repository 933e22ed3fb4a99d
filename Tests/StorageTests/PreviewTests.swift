import Predictions
import Testing

@testable import Storage

@Suite struct PreviewTests {
  private static let png: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
  private static let gif: [UInt8] = Array("GIF89a".utf8) + [3, 0, 2, 0]

  private func id(_ number: Int64) -> PredictionID {
    PredictionID(sequence: 1_763_900_000_000 << 12 | number, lowBits: 7)
  }

  @Test func eachReplacesTheOneBeforeInAnyFormat() throws {
    let folder = TemporaryFolder()
    let store = FilePreviewStore(directory: folder.path)
    let path = "\(folder.path)/previews/\(id(1))"
    #expect(store.kept.isEmpty)
    store.discard([id(1)])
    let first = try store.keep(Self.png, index: 0, of: id(1))
    #expect(
      first == Preview(path: "\(path).png", mediaType: "image/png", bytes: 8, width: nil, height: nil, index: 0))
    let second = try store.keep(Self.gif, index: 1, of: id(1))
    #expect(second == Preview(path: "\(path).gif", mediaType: "image/gif", bytes: 10, width: 3, height: 2, index: 1))
    #expect(FileSystem.names(in: "\(folder.path)/previews") == ["\(id(1)).gif"])
    #expect(FileSystem.read(second.path) == Self.gif)
    // Bytes that are no image change nothing.
    #expect(throws: OutputError.notAnImage) { try store.keep([1, 2, 3], index: 2, of: id(1)) }
    #expect(FileSystem.read(second.path) == Self.gif)
  }

  @Test func onlyNamedPreviewsAreDiscarded() throws {
    let folder = TemporaryFolder()
    let store = FilePreviewStore(directory: folder.path)
    for number in 1...3 { _ = try store.keep(Self.gif, index: 0, of: id(Int64(number))) }
    try FileSystem.replace("\(folder.path)/previews/\(id(2)).part", with: "half")
    try FileSystem.replace("\(folder.path)/previews/notes.txt", with: "mine")
    #expect(store.kept == [id(1), id(2), id(3)])
    store.discard([id(1), id(2)])
    #expect(Set(FileSystem.names(in: "\(folder.path)/previews")) == ["\(id(3)).gif", "notes.txt"])
  }

  @Test func aMissingDirectoryIsReported() throws {
    let folder = TemporaryFolder()
    try FileSystem.replace("\(folder.path)/previews", with: "in the way")
    #expect(throws: OutputError.self) {
      try FilePreviewStore(directory: folder.path).keep(Self.png, index: 0, of: id(1))
    }
  }
}
