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

@Suite struct ThumbnailTests {
  /// The smallest PNG that the folder takes: a header with a size, and the last chunk.
  static func png(_ width: UInt8, _ height: UInt8) -> [UInt8] {
    ImageFormat.pngSignature + [0, 0, 0, 13] + Array("IHDR".utf8) + [0, 0, 0, width, 0, 0, 0, height]
      + [8, 2, 0, 0, 0, 0, 0, 0, 0] + [0, 0, 0, 0, 0x49, 0x45, 0x4E, 0x44, 0xAE, 0x42, 0x60, 0x82]
  }

  /// Answers with the same bytes, and counts.
  private final class Maker: ThumbnailMaker {
    let made = Protected(0)
    let answer: Result<[UInt8], ThumbnailError>

    init(_ answer: Result<[UInt8], ThumbnailError>) { self.answer = answer }

    func make(from descriptor: Int32, size: Int, meanwhile: () -> Void) throws(ThumbnailError) -> [UInt8] {
      made.signal { $0 += 1 }
      meanwhile()
      return try answer.get()
    }
  }

  private struct Fixture {
    let folder = TemporaryFolder()
    let maker: Maker
    let time = ManualTime()
    let store: FileThumbnailStore
    var file: OutputFile

    init(_ answer: Result<[UInt8], ThumbnailError> = .success(ThumbnailTests.png(64, 32))) throws {
      maker = Maker(answer)
      let path = "\(folder.path)/a.png"
      let bytes = Array("the bytes of an image".utf8)
      try FileSystem.replace(path, with: "the bytes of an image")
      store = FileThumbnailStore(
        directory: folder.path,
        outputs: FileOutputStore(privateDirectory: folder.path, agents: AgentDirectories(outputDirectory: "/")),
        maker: maker,
        time: time)
      file = OutputFile(
        path: path, mediaType: "image/png", bytes: Int64(bytes.count), sha256: SHA256.hash(bytes).hexadecimal,
        width: 128, height: 64)
    }

    func thumbnail(size: Int = 64) throws -> Thumbnail {
      let box = Protected<Result<Thumbnail, ThumbnailError>?>(nil)
      store.thumbnail(of: file, for: nil, size: size) { result in box.signal { $0 = result } }
      return try box.wait { $0 }!.get()
    }

    var names: [String] { FileSystem.names(in: "\(folder.path)/thumbnails") }
  }

  @Test func itIsMadeOnceForEachSize() throws {
    let fixture = try Fixture()
    let first = try fixture.thumbnail()
    #expect(first.path.hasSuffix("/thumbnails/\(fixture.file.sha256)-64.png"))
    #expect((first.width, first.height, first.mediaType) == (64, 32, "image/png"))
    #expect(fixture.store.contents(of: first) == Self.png(64, 32))
    #expect(try fixture.thumbnail() == first)
    #expect(fixture.maker.made.withLock { $0 } == 1)
    _ = try fixture.thumbnail(size: 65)
    #expect(fixture.maker.made.withLock { $0 } == 2 && fixture.names.count == 2)
  }

  /// A decoder may have been taken over by what it read.
  @Test(
    arguments: [
      [], Array("#!/bin/sh".utf8), Array("<svg xmlns=''/>".utf8), ThumbnailTests.png(65, 3),
      Array(ThumbnailTests.png(64, 32).dropLast()), ImageFormat.pngSignature,
    ] as [[UInt8]]) func whatIsNoThumbnailOfThatSizeIsNotKept(bytes: [UInt8]) throws
  {
    let fixture = try Fixture(.success(bytes))
    let error = #expect(throws: ThumbnailError.self) { try fixture.thumbnail() }
    guard case .failed = error else { throw error! }
    #expect(fixture.names.isEmpty)
  }

  @Test func ofOtherBytesOfTheSameLengthNothingIsKept() throws {
    let fixture = try Fixture()
    try FileSystem.replace(fixture.file.path, with: "the bytes of AN image")
    #expect(throws: ThumbnailError.missing(path: fixture.file.path)) { try fixture.thumbnail() }
    #expect(fixture.names.isEmpty)
  }

  @Test func whatIsRefusedStartsNoDecoder() throws {
    var fixture = try Fixture()
    func refused(_ change: (inout OutputFile) -> Void) -> ThumbnailError? {
      var fixture = fixture
      change(&fixture.file)
      do {
        _ = try fixture.thumbnail()
        return nil
      } catch { return error as? ThumbnailError }
    }
    #expect(refused { $0.mediaType = "video/mp4" } == .notAnImage(.video))
    #expect(refused { $0.mediaType = "image/svg+xml" } == .notAnImage(.vector))
    #expect(refused { $0.mediaType = "image/avif" } == .unsupported("image/avif"))
    #expect(refused { ($0.width, $0.height) = (60_000, 60_000) } == .tooLarge)
    #expect(refused { ($0.width, $0.height) = (10_000, 10_001) } == .tooLarge)
    #expect(refused { ($0.width, $0.height) = (10_000, 10_000) } == nil)
    #expect(fixture.maker.made.withLock { $0 } == 1)
    // A hash that is none, from a damaged row, names no file.
    fixture.file.sha256 = "../../x"
    #expect(throws: ThumbnailError.self) { try fixture.thumbnail() }
  }

  @Test func thoseOfAMissingFileAndOfADeletedPredictionGo() throws {
    let fixture = try Fixture()
    _ = try (fixture.thumbnail(), fixture.thumbnail(size: 65))
    try FileSystem.replace("\(fixture.folder.path)/thumbnails/other-64.png", with: "x")
    FileOutputStore(privateDirectory: fixture.folder.path, agents: AgentDirectories(outputDirectory: "/")).forget([
      fixture.file
    ])
    #expect(fixture.names == ["other-64.png"])
    _ = try fixture.thumbnail()
    unlink(fixture.file.path)
    #expect(throws: ThumbnailError.missing(path: fixture.file.path)) { try fixture.thumbnail() }
    #expect(fixture.names == ["other-64.png"])
  }

  @Test func whatNobodyAskedForInAMonthGoesWithTheNextNewOne() throws {
    let fixture = try Fixture()
    let folder = ThumbnailFolder(directory: fixture.folder.path)
    let hash = String(repeating: "ab", count: 32)
    let old = try folder.keep(Self.png(64, 32), of: hash, size: 64)
    let modified = try #require(FileStatus(of: old.path)).modifiedAt
    try FileSystem.replace("\(fixture.folder.path)/thumbnails/\(hash)-65.jpg.7.part", with: "half")
    folder.sweep(now: modified + 2 * 86_400_000)
    #expect(fixture.names == ["\(hash)-64.png"])
    folder.sweep(now: modified + ThumbnailFolder.lifetime + 1)
    #expect(fixture.names.isEmpty)
  }
}
