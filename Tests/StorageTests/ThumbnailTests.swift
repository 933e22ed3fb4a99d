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
    /// While it is closed, no thumbnail becomes ready.
    let isOpen = Protected(true)

    init(_ answer: Result<[UInt8], ThumbnailError>) { self.answer = answer }

    func make(from descriptor: Int32, as form: ThumbnailForm, meanwhile: () -> Void) throws(ThumbnailError) -> [UInt8] {
      made.signal { $0 += 1 }
      _ = isOpen.wait { $0 ? true : nil }
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
      store.thumbnail(of: file, for: nil, as: ThumbnailForm(size: size)) { result in box.signal { $0 = result } }
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
    #expect(refused { $0.mediaType = "image/gif" } == .unsupported("image/gif"))
    #expect(Thumbnail.mediaTypes.allSatisfy { FileKind(mediaType: $0) == .image })
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

  @Test func aFileThatCannotBeOpenedKeepsItsThumbnails() throws {
    var fixture = try Fixture()
    _ = try fixture.thumbnail()
    // The error ENAMETOOLONG stands for those that tell nothing about the file: EMFILE, EACCES, EIO.
    fixture.file.path = "\(fixture.folder.path)/\(String(repeating: "a", count: 300)).png"
    let error = #expect(throws: ThumbnailError.self) { try fixture.thumbnail() }
    guard case .failed = error else { throw error! }
    #expect(error?.isRetryable == true && fixture.names.count == 1)
    // A directory in its place shows that the file is gone.
    fixture.file.path = fixture.folder.path
    #expect(throws: ThumbnailError.missing(path: fixture.folder.path)) { try fixture.thumbnail() }
    #expect(fixture.names.isEmpty)
  }

  #if os(Linux)
    @Test func thoseThatWaitHoldNoDescriptor() throws {
      let fixture = try Fixture()
      fixture.maker.isOpen.signal { $0 = false }
      let left = Protected(100)
      for size in 64..<164 {
        fixture.store.thumbnail(of: fixture.file, for: nil, as: ThumbnailForm(size: size)) { _ in
          left.signal { $0 -= 1 }
        }
      }
      // Lookups run in order: once one fails, those before it are done.
      var missing = fixture
      missing.file.path += ".png"
      #expect(throws: ThumbnailError.missing(path: missing.file.path)) { try missing.thumbnail() }
      _ = fixture.maker.made.wait { $0 == 2 ? true : nil }
      let open = FileSystem.names(in: "/proc/self/fd").filter { name in
        guard let target = realpath("/proc/self/fd/\(name)", nil) else { return false }
        defer { free(target) }
        return String(cString: target) == fixture.file.path
      }
      #expect(open.count == 2)
      fixture.maker.isOpen.signal { $0 = true }
      _ = left.wait { $0 == 0 ? true : nil }
      #expect(fixture.names.count == 100)
    }
  #endif

  @Test func overItsRoomWhatWasUnusedForLongestGoes() throws {
    let fixture = try Fixture()
    let folder = ThumbnailFolder(directory: fixture.folder.path)
    let length = Int64(Self.png(64, 32).count)
    let hashes = ["c", "a", "b"].map { String(repeating: $0, count: 64) }
    for (index, hash) in hashes.enumerated() {
      let kept = try folder.keep(Self.png(64, 32), of: hash, as: ThumbnailForm(size: 64))
      let times = [timeval](repeating: timeval(tv_sec: 1_000_000 + index, tv_usec: 0), count: 2)
      try #require(utimes(kept.path, times) == 0)
    }
    folder.sweep(now: 1_000_000_000, room: 3 * length)
    #expect(fixture.names.count == 3)
    folder.sweep(now: 1_000_000_000, room: 3 * length - 1)
    #expect(fixture.names.sorted() == ["\(hashes[1])-64.png", "\(hashes[2])-64.png"])
  }

  @Test func aProcessSweepsOnceADay() throws {
    let fixture = try Fixture()
    let old = "\(fixture.folder.path)/thumbnails/\(String(repeating: "ab", count: 32))-64.png"
    func isSweptWith(_ size: Int) throws -> Bool {
      try FileSystem.replace(old, with: "x")
      let times = [timeval](repeating: timeval(tv_sec: 1, tv_usec: 0), count: 2)
      try #require(utimes(old, times) == 0)
      _ = try fixture.thumbnail(size: size)
      return FileStatus(of: old) == nil
    }
    _ = try fixture.thumbnail()
    #expect(try !isSweptWith(65))
    fixture.time.advance(SweepSchedule.interval)
    #expect(try isSweptWith(66))
    #expect(try !isSweptWith(67))
  }

  @Test func aSweepComesEarlierAfterManyBytes() {
    var schedule = SweepSchedule()
    var begun = [schedule.begin(now: 5), schedule.begin(now: 6)]
    schedule.keep(bytes: SweepSchedule.bytesBetween - 1)
    begun.append(schedule.begin(now: 7))
    schedule.keep(bytes: 1)
    begun += [schedule.begin(now: 8), schedule.begin(now: 9)]
    #expect(begun == [true, false, false, true, false])
  }

  @Test func whatNobodyAskedForInAMonthGoesWithTheNextNewOne() throws {
    let fixture = try Fixture()
    let folder = ThumbnailFolder(directory: fixture.folder.path)
    let hash = String(repeating: "ab", count: 32)
    let old = try folder.keep(Self.png(64, 32), of: hash, as: ThumbnailForm(size: 64))
    let modified = try #require(FileStatus(of: old.path)).modifiedAt
    try FileSystem.replace("\(fixture.folder.path)/thumbnails/\(hash)-65.jpg.7.part", with: "half")
    folder.sweep(now: modified + 2 * 86_400_000)
    #expect(fixture.names == ["\(hash)-64.png"])
    folder.sweep(now: modified + ThumbnailFolder.lifetime + 1)
    #expect(fixture.names.isEmpty)
  }
}
