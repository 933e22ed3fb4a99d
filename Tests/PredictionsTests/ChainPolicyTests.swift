import Testing

@testable import Predictions

@Suite("What becomes of a prediction that waits for outputs")
struct ChainPolicyTests {
  private static let now = Situation.sentAt + 60_000

  private func chained(_ references: [OutputReference]) -> Prediction {
    var it = Situation.queued.prediction
    it.wait(for: references)
    return it
  }

  private func verdict(_ targets: [Situation?], output: Int = 1) -> ChainPolicy.Verdict {
    let ids = targets.indices.map { PredictionID(sequence: Int64($0 + 1), lowBits: 1) }
    let rows = Dictionary(uniqueKeysWithValues: zip(ids, targets))
    return ChainPolicy.verdict(on: chained(ids.map { OutputReference($0, output) }), at: Self.now) { id in
      rows[id].flatMap { $0 }.map { situation in
        var row = situation.prediction
        row.id = id
        return row
      }
    }
  }

  private enum Kind { case waits, ready, fails }

  private func kind(_ verdict: ChainPolicy.Verdict) -> Kind {
    switch verdict {
    case .waits: .waits
    case .ready: .ready
    case .fails: .fails
    }
  }

  /// What one target in each situation means.
  private func expected(_ situation: Situation?) -> Kind {
    switch situation {
    case .queued, .awaiting, .chained, .sending, .polling, .looking, .fetching: .waits
    case .completed, .unsaved, .refetching: .ready
    case nil, .failed, .cancelledUnsent, .cancelled, .settling, .settlingToDelete, .deleting, .cancelledFetching,
      .doubtful, .lookingAgain, .lost:
      .fails
    }
  }

  private static let all: [Situation?] = Situation.allCases + [nil]

  @Test("one target in every situation", arguments: all)
  func one(situation: Situation?) {
    #expect(kind(verdict([situation])) == expected(situation))
  }

  @Test(
    "two targets in every pair of situations: one that fails decides, then one that is not finished", arguments: all)
  func two(first: Situation?) {
    for second in Self.all {
      let kinds = [expected(first), expected(second)]
      let wanted: Kind = kinds.contains(.fails) ? .fails : kinds.contains(.waits) ? .waits : .ready
      #expect(kind(verdict([first, second])) == wanted, "\(String(describing: second))")
    }
  }

  @Test("an output that is not there fails it; one that is not saved may be used by its address")
  func outputs() {
    #expect(kind(verdict([.completed], output: 2)) == .fails)
    var row = Situation.unsaved.prediction
    func source(_ output: Int = 1, account: String = "account", takesAddresses: Bool = true, at now: Int64 = Self.now)
      -> ChainPolicy.Source?
    {
      ChainPolicy.source(of: output, in: row, for: "p", account: account, takesAddresses: takesAddresses, at: now)
    }
    #expect(source() == .address("https://cdn.example/1.png"))
    #expect(source(2) == nil && source(account: "other") == nil && source(takesAddresses: false) == nil)
    // Not after a day, nor where the clock says that it is of the future.
    #expect(source(at: Situation.sentAt + 86_399_999) != nil && source(at: Situation.sentAt + 86_400_000) == nil)
    #expect(source(at: Situation.sentAt - 1) == nil)
    row = Situation.completed.prediction
    #expect(source() == .address("https://cdn.example/1.png"))
    for source in [source(account: "other"), source(takesAddresses: false), source(at: Situation.sentAt + 86_400_000)] {
      #expect(source == .file(.sample))
    }
    // The address of a saved file is none that a provider can use.
    row.outputs = [OutputFile.sample.url]
    #expect(source() == .file(.sample))
    #expect(ChainPolicy.source(of: 1, in: row, for: "another", account: "account", at: Self.now) == .file(.sample))
    row = Situation.fetching.prediction
    #expect(source() == nil)
  }

  @Test("a failure names the output, says that nothing was billed, and what to do")
  func failures() throws {
    for situation in Self.all {
      guard case .fails(let failure) = verdict([situation]) else { continue }
      #expect(failure.kind == .dependencyFailed && !failure.retryable)
      #expect(failure.message.contains("output 1 of ") && failure.message.hasSuffix("nothing is billed."))
      #expect(failure.hint?.contains("again") == true)
    }
  }

  @Test("references are kept once, and sorted")
  func distinct() {
    let (one, two) = (PredictionID(sequence: 1, lowBits: 1), PredictionID(sequence: 2, lowBits: 1))
    let it = chained([.init(two, 1), .init(one, 2), .init(two, 1), .init(one, 1)])
    #expect(it.targets == [.init(one, 1), .init(one, 2), .init(two, 1)])
    #expect(it.isChained && it.isUnsent && it.phase == nil && it.awaitsAddresses)
  }
}
