import Testing

@testable import Predictions

@Suite("Outputs on their way to files")
struct DownloadsTests {
  private let provider = ScriptedProvider(journal: Journal())

  private func prediction(_ number: Int64) -> Prediction {
    Prediction(
      id: PredictionID(sequence: number, lowBits: 1), provider: "scripted", model: "m", input: [], fingerprint: [],
      account: "account", outputDirectory: "/out")
  }

  @Test("remote jobs beyond the limit wait for a turn, and local jobs do not wait for them")
  func turns() throws {
    var downloads = Downloads(atOnce: 1)
    let started = (1...3).map { downloads.begin(prediction($0), from: provider, isEmbedded: $0 == 3) }
    #expect(started.map { $0?.prediction.id } == [prediction(1).id, nil, prediction(3).id])
    #expect(started[2]?.isLocal == true)
    let next = downloads.end(try #require(started[0]))
    #expect(next?.prediction.id == prediction(2).id)
  }

  @Test("a local job counts until it is settled, also while it waits for a turn; a remote one never counts")
  func localJobs() throws {
    var downloads = Downloads(atOnce: 1)
    _ = downloads.begin(prediction(1), from: provider, isEmbedded: false)
    #expect(!downloads.hasLocalJobs)
    let started = [2, 3].map { downloads.begin(prediction($0), from: provider, isEmbedded: true) }
    #expect(started[1] == nil, "it waits for its turn")
    let first = try #require(started[0])
    let turn = downloads.end(first)
    let second = try #require(turn)
    downloads.settle(first)
    #expect(downloads.hasLocalJobs)
    let last = downloads.end(second)
    #expect(last == nil)
    #expect(downloads.hasLocalJobs)
    downloads.settle(second)
    #expect(!downloads.hasLocalJobs)
  }

  @Test("bytes in memory make a job local, until they are dropped")
  func bytes() {
    var downloads = Downloads(atOnce: 2)
    let id = prediction(1).id
    downloads.store([2: .init(bytes: [7])], of: id)
    #expect(downloads.hasBytes(of: id))
    #expect(downloads.output(of: id, at: 2)?.bytes == [7])
    #expect(downloads.output(of: id, at: 1) == nil)
    let job = downloads.begin(prediction(1), from: provider, isEmbedded: false)
    #expect(job?.isLocal == true)
    downloads.dropBytes(of: id)
    #expect(!downloads.hasBytes(of: id))
  }

  @Test("the first prediction may exceed the limit, the next may not")
  func limit() {
    var downloads = Downloads(atOnce: 2)
    #expect(!downloads.isFull(with: Downloads.byteLimit + 1))
    downloads.store([1: .init(bytes: [1, 2])], of: prediction(1).id)
    #expect(!downloads.isFull(with: Downloads.byteLimit - 2))
    #expect(downloads.isFull(with: Downloads.byteLimit - 1))
  }
}
