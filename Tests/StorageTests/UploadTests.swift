import Encoding
import Predictions
import PredictionsTestSupport
import Testing

@testable import Storage

@Suite("Files for upload")
struct UploadTests {
  @Test func anAddressIsStoredForADayAndForOneAccount() throws {
    let fixture = try StoreFixture()
    let digest = SHA256.hash([1, 2, 3])
    fixture.store.keepUpload(of: digest, for: "account", as: "https://x/1", lifetime: 1_000) {}
    fixture.store.flush()
    #expect(try fixture.store.upload(of: digest, for: "account") == "https://x/1")
    #expect(try fixture.store.upload(of: digest, for: "other") == nil)
    fixture.time.advance(1_000)
    #expect(try fixture.store.upload(of: digest, for: "account") == nil)
    _ = try fixture.recover()
    #expect(try fixture.peek("SELECT count(*) FROM uploads") == 0)
  }

  @Test func aClaimWaitsForTheFilesAndPassesThemOver() throws {
    let fixture = try StoreFixture()
    var first = fixture.new("with a file")
    first.uploads = .awaited
    try fixture.insert(first)
    func claim(_ uploaded: [UploadedInput], mayUpload: Bool) throws -> ClaimOutcome {
      try fixture.wait { done in
        fixture.store.claim(
          ClaimRequest(
            account: "account", maxConcurrency: nil, maxPerMinute: nil, uploaded: uploaded, mayUpload: mayUpload),
          completion: done)
      }
    }
    #expect(try claim([], mayUpload: false) == .nothingQueued)
    #expect(try claim([], mayUpload: true) == .needsUpload(first))
    fixture.time.advance(10)
    let second = fixture.new("without")
    try fixture.insert(second)
    guard case .claimed(let plain) = try claim([], mayUpload: false) else { throw SystemError(code: 1) }
    #expect(plain.id == second.id && plain.uploads == .none)
    let sent = Array(#"{"prompt":"with a file","image":"https://x/1"}"#.utf8)
    guard case .claimed(let ready) = try claim([UploadedInput(id: first.id, sent: sent)], mayUpload: false) else {
      throw SystemError(code: 1)
    }
    #expect(ready.id == first.id && ready.uploads == .done)
    let row = try #require(try fixture.store.prediction(first.id))
    #expect(row.uploads == .done && row.input == first.input && row.sent == sent)
    #expect(try fixture.store.prediction(second.id)?.sent == nil)
  }

  @Test(
    arguments: [
      ([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A], "image/png"), ([0xFF, 0xD8, 0xFF, 0xE0], "image/jpeg"),
      (Array("RIFFxxxxWEBPVP8 ".utf8), "image/webp"), (Array("GIF89a".utf8), "image/gif"),
      ([0x49, 0x49, 0x2A, 0x00], "image/tiff"), ([0x4D, 0x4D, 0x00, 0x2A], "image/tiff"),
      (Array("BM".utf8) + [9, 9, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0, 40, 0, 0, 0], "image/bmp"),
      (Array("BMW is a car, not a bitmap".utf8), nil), (Array("BM".utf8), nil), (Array("II*".utf8), nil),
      ([0, 0, 0, 0x1C] + Array("ftypavif".utf8) + [0, 0, 0, 0] + Array("avifmif1miaf".utf8), nil),
      (Array("<svg/>".utf8), nil), (Array("%PDF-1.7".utf8), nil), ([], nil),
    ] as [([UInt8], String?)])
  func formats(start: [UInt8], mediaType: String?) {
    #expect(FileInputStore.mediaType(of: start) == mediaType)
  }

  @Test func anOpenFileIsRead() throws {
    let folder = TemporaryFolder()
    let path = "\(folder.path)/a.gif"
    try write(Array("GIF89a and more".utf8), to: path)
    let file = try FileInputStore().open(path, atMost: 15)
    #expect((file.name, file.bytes, file.mediaType) == ("a.gif", 15, "image/gif"))
    var buffer = [UInt8](repeating: 0, count: 8)
    let count = buffer.withUnsafeMutableBytes { file.read(from: 11, into: $0) }
    #expect(count == 4 && buffer.prefix(4) == Array("more".utf8)[...])
    #expect(file.isUnchanged)
    #expect(throws: InputError.tooLarge(limit: 14)) { try FileInputStore().open(path, atMost: 14) }
    #expect(throws: InputError.notAFile) { try FileInputStore().open(folder.path, atMost: 14) }
  }

  @Test func aFileOfAnyKindIsOpenedToBeCompared() throws {
    let folder = TemporaryFolder()
    let path = "\(folder.path)/a.svg"
    try write(Array("<svg/>".utf8), to: path)
    #expect(try FileInputStore().openAny(path, atMost: 6).bytes == 6)
    #expect(throws: InputError.tooLarge(limit: 5)) { try FileInputStore().openAny(path, atMost: 5) }
    #expect(throws: InputError.notAFile) { try FileInputStore().openAny("/dev/zero", atMost: 14) }
    #expect(throws: InputError.unreadable(reason: "no such file or directory")) {
      try FileInputStore().openAny("\(path)x", atMost: 14)
    }
  }
}
