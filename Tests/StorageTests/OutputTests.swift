import Encoding
import Predictions
import PredictionsTestSupport
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

@Suite("Output files")
struct OutputTests {
  private let folder = TemporaryFolder()

  private func prediction(_ name: String? = nil, epoch: Int64 = 1, outputs: Int = 1) -> Prediction {
    var prediction = Prediction.sample(folder: folder.path + "/a/b", name: name)
    prediction.epoch = epoch
    prediction.outputs = (1...outputs).map { "inline:\($0)" }
    return prediction
  }

  /// Saves outputs, by their indices.
  private func save(
    _ outputs: [Int: [UInt8]], of prediction: Prediction, in store: FileOutputStore
  ) throws -> [OutputFile] {
    let batch = FileOutputBatch(prediction, in: store)
    for (index, bytes) in outputs { _ = try output(bytes, index: index, to: batch) }
    return try batch.place()
  }

  private func output(_ bytes: [UInt8], index: Int, to batch: FileOutputBatch) throws -> FileOutputWriter {
    let writer = try batch.writer(index: index)
    // In pieces of odd sizes, as from a network.
    var rest = bytes[...]
    while !rest.isEmpty {
      try writer.write(Array(rest.prefix(7)).span)
      rest = rest.dropFirst(7)
    }
    try writer.finish(FormatHint())
    return writer
  }

  /// Writes an output whose connection breaks off.
  private func setAside(_ bytes: [UInt8], of prediction: Prediction, index: Int = 1, in store: FileOutputStore) throws {
    let writer = try FileOutputBatch(prediction, in: store).writer(index: index)
    try writer.write(bytes.span)
    writer.setAside(FormatHint(address: "https://x/a.png"))
    // What was set aside is not removed with the writer.
    writer.discard()
  }

  @Test(arguments: [true, false]) func theLongestPartOfAnOutputIsKept(usesLinks: Bool) throws {
    let store = FileOutputStore(usesLinks: usesLinks)
    var it = prediction("cat", outputs: 2)
    let whole = Sample.png() + [UInt8](repeating: 3, count: 1000)
    for count in [500, 900, 20] { try setAside(Array(whole.prefix(count)), of: it, index: 2, in: store) }
    #expect(names() == [".\(it.id)-2.cut"])
    // Another file has the name.
    try write([1], to: folder.path + "/a/b/cat-2.png.partial")
    let part = PartialFile(
      index: 2, path: folder.path + "/a/b/cat-2_2.png.partial", bytes: 900,
      sha256: SHA256.hash(Array(whole.prefix(900))).hexadecimal)
    #expect(FileOutputBatch(it, in: store).placeParts() == [part])
    #expect(names() == ["cat-2.png.partial", "cat-2_2.png.partial"])
    #expect(contents(of: part.path) == Array(whole.prefix(900)))
    // Another round brought less, and then more.
    it.failure = PredictionFailure(.downloadFailed, retryable: false, message: "")
    it.failure?.partial = [part]
    try setAside(Array(whole.prefix(800)), of: it, index: 2, in: store)
    #expect(FileOutputBatch(it, in: store).placeParts().isEmpty)
    try setAside(Array(whole.prefix(901)), of: it, index: 2, in: store)
    #expect(FileOutputBatch(it, in: store).placeParts().map(\.bytes) == [901])
    // What is whole leaves no part of itself behind.
    try setAside(Array(whole.prefix(950)), of: it, index: 2, in: store)
    #expect(try save([2: whole], of: it, in: store).map(\.index) == [2])
    #expect(!names().contains { $0.hasSuffix(".cut") })
  }

  @Test func aPartThatACrashLeftIsTakenAsOurs() throws {
    let store = FileOutputStore()
    let it = prediction()
    try setAside(Array(Sample.png().prefix(60)), of: it, in: store)
    let first = FileOutputBatch(it, in: store).placeParts()
    try setAside(Array(Sample.png().prefix(60)), of: it, in: store)
    #expect(FileOutputBatch(it, in: store).placeParts() == first)
    #expect(names() == ["\(it.id)-1.png.partial"])
  }

  @Test func anErrorPageThatIsCutIsNoPart() throws {
    let store = FileOutputStore()
    try setAside(Array("<html>Please log".utf8), of: prediction(), in: store)
    try setAside([], of: prediction(), in: store)
    #expect(names().isEmpty && FileOutputBatch(prediction(), in: store).placeParts().isEmpty)
  }

  private func names() -> [String] { FileSystem.names(in: folder.path + "/a/b").sorted() }

  @Test(arguments: [true, false]) func aFileIsPlacedWholeAndDescribed(usesLinks: Bool) throws {
    let store = FileOutputStore(limit: 1 << 20, usesLinks: usesLinks)
    let prediction = prediction()
    let bytes = Sample.png() + [UInt8](repeating: 3, count: 1000)
    let batch = FileOutputBatch(prediction, in: store)
    let writer = try batch.writer(index: 1)
    #expect(names() == [".\(prediction.id)-1.1.part"])
    try writer.write(bytes.span)
    try writer.finish(FormatHint())
    let files = try batch.place()
    let path = "\(folder.path)/a/b/\(prediction.id)-1.png"
    let file = OutputFile(
      path: path, mediaType: "image/png", bytes: Int64(bytes.count), sha256: SHA256.hash(bytes).hexadecimal, width: 300,
      height: 200)
    #expect(files == [file])
    #expect(contents(of: path) == bytes)
    #expect(names() == ["\(prediction.id)-1.png"])
    // Discarding after the file was placed does nothing.
    writer.discard()
    #expect(contents(of: path) == bytes)
    #expect(throws: OutputError.self) { try writer.write([1].span) }
  }

  /// In pieces that can be encoded one by one; a changed file throws.
  @Test func nothingIsWrittenOnAThreadThatMustNotWait() async {
    await #expect(processExitsWith: .failure) { [path = folder.path as String] in
      let store = FileOutputStore(limit: 1 << 20)
      guard let writer = try? FileOutputBatch(.sample(folder: path, name: nil), in: store).writer(index: 1) else {
        return
      }
      Promptness.required { try? writer.write([1].span) }
    }
  }

  @Test func aFileIsReadInPieces() throws {
    let store = FileOutputStore(limit: 1 << 20)
    let path = folder.path + "/long.png"
    let bytes = (0..<2 * Base64.pieceBytes + 5).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    try write(bytes, to: path)
    let file = OutputFile(
      path: path, mediaType: "image/png", bytes: Int64(bytes.count), sha256: SHA256.hash(bytes).hexadecimal, width: nil,
      height: nil)
    var pieces: [[UInt8]] = []
    try store.read(file, for: nil) { pieces.append($0) }
    #expect(pieces.map(\.count) == [Base64.pieceBytes, Base64.pieceBytes, 5])
    #expect(Array(pieces.joined()) == bytes)
    try write(bytes + [0], to: path)
    #expect(throws: OutputError.self) { try store.read(file, for: nil) { _ in Issue.record("it is longer now") } }
    unlink(path)
    #expect(throws: OutputError.self) { try store.read(file, for: nil) { _ in Issue.record("it is gone") } }
  }

  @Test(arguments: [true, false]) func noFileIsReplaced(usesLinks: Bool) throws {
    let store = FileOutputStore(limit: 1 << 20, usesLinks: usesLinks)
    try FileSystem.makeFolder(folder.path + "/a/b")
    let theirs: [UInt8] = [1, 2, 3]
    try write(theirs, to: folder.path + "/a/b/cat.png")
    let one = prediction("cat")
    #expect(try save([1: Sample.png()], of: one, in: store).map(\.path) == [folder.path + "/a/b/cat_2.png"])
    // All files of a group get the next name together: cat-1 was free, cat-2 was not.
    try write(theirs, to: folder.path + "/a/b/cat-2.gif")
    let two = prediction("cat", outputs: 2)
    let files = try save([1: Sample.png(1, 2), 2: Sample.gif], of: two, in: store)
    #expect(files.map(\.path) == ["cat-1_2.png", "cat-2_2.gif"].map { folder.path + "/a/b/" + $0 })
    #expect(names() == ["cat-1_2.png", "cat-2.gif", "cat-2_2.gif", "cat.png", "cat_2.png"])
    #expect(contents(of: folder.path + "/a/b/cat.png") == theirs)
    #expect(contents(of: folder.path + "/a/b/cat-2.gif") == theirs)
    #expect(contents(of: folder.path + "/a/b/cat-1_2.png") == Sample.png(1, 2))
  }

  @Test(arguments: [true, false]) func aFilePlacedBeforeACrashIsReused(usesLinks: Bool) throws {
    let store = FileOutputStore(limit: 1 << 20, usesLinks: usesLinks)
    var prediction = prediction("cat", outputs: 2)
    let outputs = [1: Sample.png(), 2: Sample.gif]
    let files = try save(outputs, of: prediction, in: store)
    // The row was not committed; the next process saves all again, and finds one of the files.
    unlink(files[1].path)
    prediction.epoch = 2
    #expect(try save(outputs, of: prediction, in: store) == files)
    #expect(names() == ["cat-1.png", "cat-2.gif"])
  }

  /// Two of three arrive, and later the third: it gets the counter of the others, or a later one of its own.
  @Test(arguments: [true, false]) func aLaterOutputIsNamedLikeTheOthers(usesLinks: Bool) throws {
    let store = FileOutputStore(limit: 1 << 20, usesLinks: usesLinks)
    try FileSystem.makeFolder(folder.path + "/a/b")
    try write([1], to: folder.path + "/a/b/cat-2.png")
    var prediction = prediction("cat", outputs: 3)
    prediction.files = try save([1: Sample.png(1, 1), 3: Sample.png(3, 3)], of: prediction, in: store)
    #expect(prediction.files.map(\.name) == ["cat-1.png", "cat-3.png"])
    #expect(prediction.files.map(\.index) == [1, 3])
    #expect(prediction.missingOutputs == [2])
    let late = try save([2: Sample.png(2, 2)], of: prediction, in: store)
    #expect(late.map(\.name) == ["cat-2_2.png"] && late.map(\.index) == [2])
    // A group that got a counter keeps it.
    prediction.files = try save([1: Sample.png(4, 4)], of: prediction, in: store)
    #expect(prediction.files.map(\.name) == ["cat-1_2.png"])
    #expect(try save([3: Sample.gif], of: prediction, in: store).map(\.name) == ["cat-3_2.gif"])
  }

  @Test(arguments: [true, false]) func anEqualFileOfAnotherPredictionIsNotReused(usesLinks: Bool) throws {
    let store = FileOutputStore(limit: 1 << 20, usesLinks: usesLinks)
    var paths: [String] = []
    for _ in 1...2 {
      let prediction = prediction("cat")
      paths += try save([1: Sample.png()], of: prediction, in: store).map(\.path)
    }
    #expect(paths.map { String($0.split(separator: "/").last ?? "") } == ["cat.png", "cat_2.png"])
    #expect(names() == ["cat.png", "cat_2.png"])
  }

  @Test func partsOfEarlierEpochsAreRemoved() throws {
    let store = FileOutputStore()
    let old = try FileOutputBatch(prediction(), in: store).writer(index: 1)
    _ = old
    var prediction = prediction()
    for epoch: Int64 in [1, 2, 3, 3] {
      prediction.epoch = epoch
      _ = try FileOutputBatch(prediction, in: store).writer(index: 1)
    }
    _ = try FileOutputBatch(prediction, in: store).writer(index: 2)
    let mine = names().filter { $0.contains(prediction.id.description) }
    #expect(mine == [".\(prediction.id)-1.3.part", ".\(prediction.id)-2.3.part"])
  }

  /// The file of any format is kept, under the extension of its format.
  @Test(
    arguments: [
      ([0x1A, 0x45, 0xDF, 0xA3] + Array("webm".utf8), FormatHint(), "video/webm", "webm"),
      (Array("a poem".utf8), FormatHint(mediaType: "text/plain"), "text/plain", "txt"),
      (Array("{}".utf8), FormatHint(address: "https://x/a.json?b=c.png"), "application/json", "json"),
      ([0, 1, 2], FormatHint(mediaType: "image/png", address: "https://x/a.png"), "application/octet-stream", "bin"),
    ] as [([UInt8], FormatHint, String, String)])
  func anyOutputIsSaved(bytes: [UInt8], hint: FormatHint, mediaType: String, suffix: String) throws {
    let store = FileOutputStore(limit: 100)
    let batch = FileOutputBatch(prediction(), in: store)
    let writer = try batch.writer(index: 1)
    try writer.write(bytes.span)
    try writer.finish(hint)
    let file = try #require(try batch.place().first)
    #expect(file.mediaType == mediaType && file.name.hasSuffix(".\(suffix)") && file.width == nil)
    #expect(try store.contents(of: file, for: nil) == bytes)
  }

  @Test func nothingButAFileIsSaved() throws {
    let store = FileOutputStore(limit: 100)
    let batch = FileOutputBatch(prediction(), in: store)
    for (text, error) in [("", OutputError.empty), ("<html>Log in</html>", .textInstead)] {
      let writer = try batch.writer(index: 1)
      try writer.write(Array(text.utf8).span)
      #expect(throws: error) { try writer.finish(FormatHint(mediaType: "text/html", address: "https://x/a.png")) }
      writer.discard()
    }
    let writer = try batch.writer(index: 1)
    try writer.write(Sample.png().span)
    #expect(throws: OutputError.tooLarge(limit: 100)) { try writer.write([UInt8](repeating: 0, count: 100).span) }
    #expect(try batch.place().isEmpty, "it is not finished")
    writer.discard()
    writer.discard()
    #expect(names().isEmpty)
  }

  @Test func unusableDirectoriesAreNamed() throws {
    try write([1], to: folder.path + "/file")
    for path in [folder.path + "/file/x", "/proc/imagewire", "/dev/null"] {
      let prediction = Prediction.sample(folder: path)
      do {
        _ = try FileOutputBatch(prediction, in: FileOutputStore()).writer(index: 1)
        Issue.record("a file in \(path)")
      } catch OutputError.folder(let named, let reason) {
        #expect(named == path && !reason.isEmpty)
      }
    }
  }

  @Test func aFullDiskIsReportedAsFull() throws {
    #if os(Linux)
      let writer = FileOutputWriter(
        in: try Directory(at: "/tmp"), index: 1, name: ".nowhere", partName: ".part", path: "/nowhere/x",
        file: try Descriptor(opening: "/dev/full", O_RDWR), permissions: .umask, limit: 100)
      #expect(throws: OutputError.diskFull(path: "/nowhere/x")) { try writer.write(Sample.png().span) }
    #endif
  }

  @Test func onlyUnchangedFilesAreRemoved() throws {
    let store = FileOutputStore()
    let outputs = Dictionary(uniqueKeysWithValues: (1...4).map { ($0, Sample.png($0, $0)) })
    let prediction = prediction(outputs: 4)
    let files = try save(outputs, of: prediction, in: store)
    // One edited with the same length, one missing, one replaced by a directory.
    var edited = Sample.png(1, 1)
    edited[edited.count - 1] ^= 1
    try write(edited, to: files[0].path)
    unlink(files[1].path)
    unlink(files[2].path)
    try FileSystem.makeFolder(files[2].path)
    #expect(store.remove(files, for: nil) == [files[0].path, files[2].path])
    #expect(names() == ["\(prediction.id)-1.png", "\(prediction.id)-3.png"])
  }

  /// The examples of FIPS 180-4, and every way to split a message in two.
  @Test func hashesAreThoseOfTheStandard() {
    let vectors: [(String, String)] = [
      ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
      (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
      ),
      (
        "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
        "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
      ),
      (String(repeating: "a", count: 1_000_000), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
    ]
    for (text, wanted) in vectors { #expect(SHA256.hash(Array(text.utf8)).hexadecimal == wanted) }
    let message = (0..<300).map { UInt8(truncatingIfNeeded: $0) }
    let whole = SHA256.hash(message)
    for cut in 0...300 {
      var hash = SHA256()
      hash.update(Array(message[..<cut]).span)
      hash.update(Array(message[cut...]).span)
      #expect(hash.finish() == whole)
    }
  }
}
