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
    #expect(store.body(of: one) == nil)
    try store.keep([1, 2, 3], of: one)
    let another = FileReplyStore(directory: folder.path)
    #expect(another.body(of: one) == [1, 2, 3])
    #expect(!another.isEmpty)
    #expect(FileSystem.names(in: "\(folder.path)/incoming") == ["\(one.id).1"])

    var later = one
    later.epoch = 12
    try store.keep(Array(repeating: 7, count: 100_000), of: later)
    #expect(store.body(of: one)?.count == 100_000)
    let other = prediction(epoch: 1)
    try store.keep([], of: other)
    store.discard(one)
    #expect(store.body(of: one) == nil)
    #expect(store.body(of: other) == [])
  }

  @Test func aPartOfAReplyIsNotReadAndIsDiscarded() throws {
    let folder = TemporaryFolder()
    let one = prediction(epoch: 1)
    let store = FileReplyStore(directory: folder.path)
    try FileSystem.makeFolder("\(folder.path)/incoming")
    // As a process leaves it that ends while it writes.
    try FileSystem.replace("\(folder.path)/incoming/\(one.id).1.part", with: "half")
    #expect(store.isEmpty)
    #expect(store.body(of: one) == nil)
    store.discard(one)
    #expect(FileSystem.names(in: "\(folder.path)/incoming") == [])
    // A directory has the name of the file: storing fails and leaves nothing.
    try FileSystem.makeFolder("\(folder.path)/incoming/\(one.id).1/in the way")
    #expect(throws: OutputError.self) { try store.keep([1], of: one) }
    #expect(FileSystem.names(in: "\(folder.path)/incoming") == ["\(one.id).1"])
  }

  @Test func aMissingDirectoryIsReported() throws {
    let folder = TemporaryFolder()
    let store = FileReplyStore(directory: "\(folder.path)/file")
    try FileSystem.replace("\(folder.path)/file", with: "in the way")
    #expect(throws: OutputError.self) { try store.keep([1], of: prediction(epoch: 1)) }
  }

  @Test func aReplyIsNotStoredOnAThreadThatMustNotWait() async {
    await #expect(processExitsWith: .failure) {
      Promptness.required { try? FileReplyStore(directory: "/nowhere").keep([], of: Self.prediction(epoch: 1)) }
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
