import JSON
import PredictionsTestSupport
import Testing
import Threads

@testable import Predictions

/// Which models are remembered, and for how long.
@Suite("The cache of models")
struct ModelCacheTests {
  @Test("models are sorted, each once, and used for an hour")
  func memory() {
    var cache = ModelCache()
    cache.note(
      [Model(id: "b"), Model(id: "a", inputSchema: [1]), Model(id: "b", inputSchema: [2])], of: "x", now: 5)
    #expect(cache.models(of: "x", now: 3_600_004)?.map(\.id) == ["a", "b"])
    #expect(cache.model("b", of: "x", now: 5) == Model(id: "b"))
    #expect(cache.model("c", of: "x", now: 5) == nil)
    #expect(cache.models(of: "y", now: 5) == nil)
    #expect(cache.models(of: "x", now: 3_600_005) == nil)
  }

  @Test("the models are requested again after an hour")
  func anHour() throws {
    let rig = Rig()
    let service = Listed()
    rig.engine.install(.ready(service), as: "listed")
    func ask() throws -> [String] {
      let answer = Protected<PredictionEngine.Offer?>(nil)
      try rig.engine.models(of: "listed") { result in answer.signal { $0 = try? result.get() } }
      return try #require(answer.withLock { $0 }).models.map(\.id)
    }
    #expect(try ask() == ["m"])
    rig.time.advance(3_599_999)
    #expect(try ask() == ["m"])
    #expect(service.count.withLock { $0 } == 1)
    rig.time.advance(1)
    #expect(try ask() == ["m"])
    #expect(service.count.withLock { $0 } == 2)
  }

  @Test("a submit sends no request for models, and is refused once its model is known")
  func submits() throws {
    let rig = Rig()
    let service = Listed()
    rig.engine.install(.ready(service), as: "listed")
    var request = rig.request()
    request.provider = "listed"
    request.model = "m"
    request.input["n"] = 5
    try rig.engine.submit(request) { _ in }
    #expect(service.count.withLock { $0 } == 0)
    try rig.engine.models(of: "listed") { _ in }
    #expect(
      throws: SubmitError.invalid(path: "input.n", message: "input.n is 5; it must be at most 4. Nothing was sent.")
    ) {
      try rig.engine.submit(request) { _ in }
    }
    rig.time.advance(3_600_000)
    try rig.engine.submit(request) { _ in }
    rig.engine.settle()
    #expect(service.count.withLock { $0 } == 1)
  }
}

/// A provider with one model that counts the requests for it.
private final class Listed: Provider, ProviderCatalogue {
  let name = "listed"
  let account = "listed"
  let defaultModel = "m"
  let pace = PollPace.near
  let isLimited = true
  let isEmbedded = false
  let count = Protected(0)

  var catalogue: (any ProviderCatalogue)? { self }
  var history: (any ProviderHistory)? { nil }

  func builtIn(_ model: String) -> Model? { nil }

  func models(
    atMost milliseconds: Int64, completion: @escaping @Sendable (Result<[Model], ProviderError>) -> Void
  ) {
    count.withLock { $0 += 1 }
    completion(.success([Model(id: "m", inputSchema: Array(#"{"properties":{"n":{"maximum":4}}}"#.utf8))]))
  }

  func resultURL(for remoteID: String) -> String? { nil }

  func submit(
    _ prediction: Prediction, mayStart: @escaping @Sendable () -> Bool,
    completion: @escaping @Sendable (SubmitOutcome) -> Void
  ) {
    completion(.unsent(reason: "It sends nothing."))
  }

  func poll(_ prediction: Prediction, completion: @escaping @Sendable (PollOutcome) -> Void) {}

  func download(
    _ output: String, index: Int, of prediction: Prediction, into writer: any OutputWriter,
    completion: @escaping @Sendable (DownloadOutcome) -> Void
  ) {}

  func delete(_ prediction: Prediction, completion: @escaping @Sendable (DeletionOutcome) -> Void) {}
}
