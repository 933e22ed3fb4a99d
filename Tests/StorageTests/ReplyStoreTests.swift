import Predictions
import Testing
import Threads

@testable import Storage

@Suite struct ReplyStoreTests {
  @Test func aReplyIsFoundUntilItIsDiscarded() throws {
    let folder = TemporaryFolder()
    let one = prediction(epoch: 1)
    let store = FileReplyStore(directory: folder.path)
    #expect(store.isEmpty)
    #expect(store.reply(of: one) == nil)
    try store.keep(StoredReply([1, 2, 3]), of: one)
    let another = FileReplyStore(directory: folder.path)
    #expect(another.reply(of: one)?.body == [1, 2, 3])
    #expect(!another.isEmpty)
    #expect(FileSystem.names(in: "\(folder.path)/incoming") == ["\(one.id).1"])

    var later = one
    later.epoch = 12
    try store.keep(StoredReply(Array(repeating: 7, count: 100_000)), of: later)
    #expect(store.reply(of: one)?.body.count == 100_000)
    let other = prediction(epoch: 1)
    try store.keep(StoredReply([]), of: other)
    store.discard(one)
    #expect(store.reply(of: one) == nil)
    #expect(store.reply(of: other)?.body == [])
  }

  @Test func aPartOfAReplyIsNotReadAndIsDiscarded() throws {
    let folder = TemporaryFolder()
    let one = prediction(epoch: 1)
    let store = FileReplyStore(directory: folder.path)
    try FileSystem.makeFolder("\(folder.path)/incoming")
    // As a process leaves it that ends while it writes.
    try FileSystem.replace("\(folder.path)/incoming/\(one.id).1.part", with: "half")
    #expect(store.isEmpty)
    #expect(store.reply(of: one) == nil)
    store.discard(one)
    #expect(FileSystem.names(in: "\(folder.path)/incoming") == [])
    // A directory has the name of the file: storing fails and leaves nothing.
    try FileSystem.makeFolder("\(folder.path)/incoming/\(one.id).1/in the way")
    #expect(throws: OutputError.self) { try store.keep(StoredReply([1]), of: one) }
    #expect(FileSystem.names(in: "\(folder.path)/incoming") == ["\(one.id).1"])
  }

  @Test func eachVersionReadsTheRepliesOfOthersOnce() throws {
    let folder = TemporaryFolder()
    let (one, two) = (prediction(epoch: 1), prediction(epoch: 2))
    let (old, new) = (
      FileReplyStore(directory: folder.path, version: "1.2.3"), FileReplyStore(directory: folder.path, version: "1.3")
    )
    #expect(new.repliesOfOtherVersions.isEmpty && !new.noteReread(of: one))
    _ = try old.keepUnread(StoredReply([1]), of: one)
    _ = try old.keepUnread(StoredReply([2], isWhole: false), of: two)
    #expect(old.repliesOfOtherVersions.isEmpty)
    #expect(new.repliesOfOtherVersions == [one.id, two.id].sorted())
    #expect(new.noteReread(of: one) && !new.noteReread(of: one))
    #expect(new.repliesOfOtherVersions == [two.id] && new.unreadReply(of: one)?.body == [1])
    #expect(FileReplyStore(directory: folder.path, version: "2").repliesOfOtherVersions.count == 2)
    // The mark goes with the reply.
    new.remove(one)
    #expect(!FileSystem.names(in: "\(folder.path)/replies").contains { $0.contains("\(one.id)") })
    #expect(new.noteReread(of: two))
    new.sweep({ _, _ in false }, unread: { id, _ in id == two.id })
    #expect(FileSystem.names(in: "\(folder.path)/replies").isEmpty)
  }

  @Test func aReplyThatIsKeptUnreadIsFoundByItsPredictionOnly() throws {
    let folder = TemporaryFolder()
    let one = prediction(epoch: 2)
    let store = FileReplyStore(directory: folder.path, version: "1.2.3-dev")
    #expect(store.unreadReply(of: one) == nil)
    try store.keep(StoredReply([1], isWhole: false), of: one)
    #expect(store.reply(of: one) == StoredReply([1], isWhole: false))
    #expect(FileSystem.names(in: "\(folder.path)/incoming") == ["\(one.id).2.cut"])
    let path = try store.keepUnread(StoredReply([1], isWhole: false), of: one)
    #expect(path == "\(folder.path)/replies/\(one.id).2.1.2.3-dev.cut")
    #expect(FileSystem.read(path) == [1])
    store.discard(one)
    #expect(store.isEmpty)
    #expect(store.reply(of: one) == nil)
    #expect(store.unreadReply(of: one) == StoredReply([1], isWhole: false))
    var later = one
    later.epoch = 10
    _ = try FileReplyStore(directory: folder.path, version: "1.2.4").keepUnread(StoredReply([7]), of: later)
    #expect(store.unreadReply(of: one) == StoredReply([7]))
    store.sweep({ _, _ in false }, unread: { id, isWhole in id != one.id || !isWhole })
    #expect(FileSystem.names(in: "\(folder.path)/replies").count == 2)
    store.remove(one)
    #expect(FileSystem.names(in: "\(folder.path)/replies") == [])
  }

  @Test func aMissingDirectoryIsReported() throws {
    let folder = TemporaryFolder()
    let store = FileReplyStore(directory: "\(folder.path)/file")
    try FileSystem.replace("\(folder.path)/file", with: "in the way")
    #expect(throws: OutputError.self) { try store.keep(StoredReply([1]), of: prediction(epoch: 1)) }
  }

  @Test func aReplyIsNotStoredOnAThreadThatMustNotWait() async {
    await #expect(processExitsWith: .failure) {
      Promptness.required {
        try? FileReplyStore(directory: "/nowhere").keep(StoredReply([]), of: Self.prediction(epoch: 1))
      }
    }
  }

  private func prediction(epoch: Int64) -> Prediction { Self.prediction(epoch: epoch) }

  private static func prediction(epoch: Int64) -> Prediction {
    var prediction = Prediction(
      id: PredictionID(at: 1_000), provider: "openai", model: "m", input: [], fingerprint: [],
      account: "", outputDirectory: "/")
    prediction.epoch = epoch
    return prediction
  }
}
