import Testing

@testable import Predictions

@Suite("Outputs on their way to files")
struct DownloadsTests {
  private let provider = ScriptedProvider(journal: Journal())

  private func round(_ number: Int64, _ outputs: [String] = ["https://a.example/1.png"]) -> SavingRound {
    var prediction = Prediction(
      id: PredictionID(sequence: number, lowBits: 1), provider: "scripted", model: "m", input: [], fingerprint: [],
      account: "account", outputDirectory: "/out")
    prediction.outputs = outputs
    return SavingRound(prediction, from: provider, into: MemoryOutputs().begin(prediction))
  }

  @Test("remote jobs beyond the limit wait for a turn, and local jobs do not wait for them")
  func turns() throws {
    var downloads = Downloads(atOnce: 1)
    let started = (1...3).map { downloads.begin(round($0), isEmbedded: $0 == 3) }
    #expect(started.map(\.count) == [1, 0, 1])
    #expect(started[2][0].isLocal)
    let next = downloads.end(started[0][0])
    #expect(next?.round.prediction.id == round(2).prediction.id)
  }

  @Test("of one host a few are downloaded at once, and other hosts do not wait for it")
  func hosts() throws {
    var downloads = Downloads(atOnce: 6)
    let slow = downloads.begin(round(1, (1...9).map { "https://slow.example/\($0)" }), isEmbedded: false)
    #expect(slow.map(\.index) == [1, 2, 3, 4])
    let good = downloads.begin(round(2, (1...3).map { "https://good.example:8443/\($0)" }), isEmbedded: false)
    #expect(good.map(\.index) == [1, 2], "six in all")
    let next = downloads.end(good[0])
    #expect(next?.index == 3 && next?.host == "good.example:8443", "the slow host has its four")
    let later = downloads.end(slow[3])
    #expect(later?.index == 5 && later?.host == "slow.example")
  }

  @Test(
    "the host of an output is that of its URL",
    arguments: [
      ("https://A.example/x?y#z", "a.example"), ("http://me:word@b.example:81?x", "b.example:81"), ("inline:1", ""),
      ("https:", ""), ("data:image/png;base64,//a/b", ""),
    ])
  func host(output: String, host: String) { #expect(Downloads.host(of: output) == host) }

  @Test("a round is over with its last output, and knows which failed")
  func rounds() {
    let round = round(1, ["inline:1", "https://a.example/2", "inline:3"])
    let ends = [(2, DownloadOutcome.transient(reason: "2")), (3, .written()), (1, .expired(reason: "1"))]
    #expect(ends.map { round.end($0.0, $0.1) } == [false, false, true])
    #expect(round.failures == [.expired(reason: "1"), .transient(reason: "2")])
  }

  @Test("a local job counts until its round is settled, also while it waits for a turn; a remote one never counts")
  func localJobs() throws {
    var downloads = Downloads(atOnce: 1)
    _ = downloads.begin(round(1), isEmbedded: false)
    #expect(!downloads.hasLocalJobs)
    let started = [2, 3].map { downloads.begin(round($0), isEmbedded: true) }
    #expect(started[1].isEmpty, "it waits for its turn")
    let turn = downloads.end(try #require(started[0].first))
    let second = try #require(turn)
    downloads.settle(round(2).prediction.id)
    #expect(downloads.hasLocalJobs)
    let last = downloads.end(second)
    #expect(last == nil)
    #expect(downloads.hasLocalJobs)
    downloads.settle(round(3).prediction.id)
    #expect(!downloads.hasLocalJobs)
  }

  @Test("bytes in memory make a job local, until they are dropped")
  func bytes() {
    var downloads = Downloads(atOnce: 2)
    let mixed = round(1, ["https://a.example/1.png", "inline:2"])
    let id = mixed.prediction.id
    downloads.store([2: .init(bytes: [7])], of: id)
    #expect(downloads.hasBytes(of: id))
    #expect(downloads.output(of: id, at: 2)?.bytes == [7])
    #expect(downloads.output(of: id, at: 1) == nil)
    #expect(downloads.begin(mixed, isEmbedded: false).map(\.isLocal) == [false, true])
    downloads.dropBytes(of: id)
    #expect(!downloads.hasBytes(of: id))
  }

  @Test("bytes that come twice are the file, though it has no end; they are forgotten with the prediction")
  func repeatedCuts() {
    var downloads = Downloads(atOnce: 2)
    let id = round(1).prediction.id
    let seen = ["aa", "bb", "bb", "aa"].map { downloads.hasRepeated($0, of: id, at: 1) }
    #expect(seen == [false, false, true, false])
    let other = [
      downloads.hasRepeated("aa", of: id, at: 2), downloads.hasRepeated("aa", of: round(2).prediction.id, at: 1),
    ]
    #expect(other == [false, false])
    downloads.dropBytes(of: id)
    let forgotten = downloads.hasRepeated("aa", of: id, at: 2)
    #expect(!forgotten)
  }

  @Test("the first prediction may exceed the limit, the next may not")
  func limit() {
    var downloads = Downloads(atOnce: 2)
    #expect(!downloads.isFull(with: Downloads.byteLimit + 1))
    downloads.store([1: .init(bytes: [1, 2])], of: round(1).prediction.id)
    #expect(!downloads.isFull(with: Downloads.byteLimit - 2))
    #expect(downloads.isFull(with: Downloads.byteLimit - 1))
  }
}
