import Encoding
import JSON
import Testing

@testable import Predictions

/// References to files whose content is known.
@Suite("The content of a file that an input names")
struct FileContentTests {
  private static let hash = String(repeating: "0123456789abcdef", count: 4)
  private static let ending = "#sha256=\(hash)&bytes=12"
  private static let content = FileContent(digest: SHA256.hash([1, 2, 3]), bytes: 3)

  private func input(_ text: String) throws -> JSONObject { try #require(try JSONValue(parsing: text).object) }

  @Test(arguments: ["/a.png", "/a#b.png", "/#sha256=", "/é ü.png", "/a.png\(ending)"])
  func itIsReadAsItIsWritten(path: String) throws {
    let text = FileReferences.Reference(member: "input.image", path: path, content: Self.content).text
    let found = FileReferences.find(in: JSONObject([("image", .string(text))]))
    #expect(found == [.init(member: "input.image", path: path, content: Self.content)])
    #expect(found.map(\.text) == [text])
  }

  @Test(arguments: [
    "/a.png", "/a.png#", "/a.png#sha256=", "/a.png#sha256=\(hash)", "/a.png#sha256=\(hash)&bytes=",
    "/a.png#sha256=\(hash)&bytes=0", "/a.png#sha256=\(hash)&bytes=012", "/a.png#sha256=\(hash)&bytes=-1",
    "/a.png#sha256=\(hash)&bytes=+1", "/a.png#sha256=\(hash)&bytes=99999999999999999999",
    "/a.png#sha256=\(hash)0&bytes=1",
    "/a.png#sha256=\(hash.uppercased())&bytes=12", "/a.png#sha256=\(hash.dropLast())&bytes=12", "/a.png\(ending) ",
    "/a.png#SHA256=\(hash)&bytes=12", "/a.png#sha256=\(hash.dropLast())g&bytes=12",
  ])
  func anyOtherEndingIsAPartOfThePath(path: String) throws {
    #expect(
      FileReferences.find(in: JSONObject([("image", .string("@\(path)"))])) == [
        .init(member: "input.image", path: path)
      ])
  }

  @Test func theSameContentIsTheSameRequestUnderEachName() throws {
    func fingerprint(_ image: String, sendsFiles: Bool = true) throws -> [UInt8] {
      Fingerprint.of(
        provider: "p", model: "m", input: try input(#"{"prompt":"a","images":["\#(image)"]}"#), sendsFiles: sendsFiles)
    }
    let other = FileContent(digest: SHA256.hash([1, 2, 4]), bytes: 3).ending
    let (one, two) = (try fingerprint("@/a\(Self.content.ending)"), try fingerprint("@/b/c\(Self.content.ending)"))
    #expect(one == two)
    #expect(try fingerprint("@/a\(other)") != one)
    // Without its content a file is its path, as it always was.
    #expect(try fingerprint("@/a") != fingerprint("@/b"))
    #expect(
      try fingerprint("@/a")
        == Fingerprint.of(
          provider: "p", model: "m", input: try input(#"{"prompt":"a","images":["@/a"]}"#), sendsFiles: true))
    // Words are words.
    #expect(
      try fingerprint("@/a\(Self.content.ending)", sendsFiles: false)
        != fingerprint("@/b/c\(Self.content.ending)", sendsFiles: false))
  }

  @Test func theHistoryIsNotComparedWithIt() throws {
    let sent = Likeness(of: try input(#"{"prompt":"a","image":"@/a\#(Self.ending)"}"#), hasFiles: true)
    #expect(sent.matches(Likeness(of: try input(#"{"prompt":"a","image":"https://x/1"}"#))))
    #expect(!sent.isWhole)
  }

  @Test func noPriceIsAskedWithIt() throws {
    let priced = PricedInput(try input(#"{"prompt":"a","image":"@/a\#(Self.ending)"}"#), for: nil)
    #expect(priced.shown == (try input(#"{"prompt":"a"}"#)) && priced.missing == ["image"])
  }

  // MARK: Among the images of an agent

  @Test func filesOfAFlatInputGetTheirContentInOrder() {
    var flat = FlatInput(prompt: "@/not/me")
    flat.images = ["imagewire://predictions/x/1", "@/a", "https://x/@/b", "@/c"]
    flat.mask = "@/m"
    #expect(flat.files == ["/a", "/c", "/m"])
    let named = flat.naming(files: ["A", "C", "M"])
    #expect(named.images == ["imagewire://predictions/x/1", "A", "https://x/@/b", "C"] && named.mask == "M")
    #expect(flat.naming(files: []) == flat)
    flat.mask = nil
    #expect(flat.files == ["/a", "/c"] && FlatInput(prompt: "a").files == [])
  }

  // MARK: What was read

  private static let bytes = [UInt8](0..<200)

  private func digest(_ reads: [(offset: Int, count: Int)]) -> Bool {
    var digest = ReadDigest(length: 200)
    for read in reads { digest.add(Self.bytes[read.offset..<read.offset + read.count].span, at: Int64(read.offset)) }
    return digest.mayBe(SHA256.hash(Self.bytes))
  }

  @Test func whatWasReadInOrderIsKnown() {
    #expect(digest([(0, 200)]) && digest([(0, 64), (64, 100), (164, 36)]) && digest([(0, 200), (200, 0)]))
    // Once more from the start, as a request that is made again does.
    #expect(digest([(0, 64), (0, 100), (100, 100)]) && digest([(0, 200), (0, 200)]))
    // Not to its end: a request that failed says nothing of the file.
    #expect(digest([]) && digest([(0, 100)]) && digest([(0, 200), (0, 10)]))
    // With a gap, or backwards.
    #expect(!digest([(0, 64), (65, 135)]) && !digest([(1, 199)]) && !digest([(0, 64), (32, 168)]))
    var changed = ReadDigest(length: 3)
    changed.add([1, 2].span, at: 0)
    changed.add([4].span, at: 2)
    #expect(!changed.mayBe(SHA256.hash([1, 2, 3])) && changed.mayBe(SHA256.hash([1, 2, 4])))
  }
}
