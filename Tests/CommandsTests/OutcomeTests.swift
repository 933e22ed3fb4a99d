import JSON
@testable import Predictions
import Testing

@testable import Commands

@Suite("The lines about a prediction after the wait")
struct ResultReportTests {
  private let terminal = ResultReport(isTerminal: true)

  @Test func aSummaryGoesToATerminalOnly() {
    var prediction = Prediction.sample()
    prediction.files = [.sample()]
    prediction.startedAt = 2_000
    prediction.finishedAt = 13_900
    #expect(terminal.lines(prediction) == [.note("a/b, 1024×768, 1.5 MB, 12 s")])
    prediction.files.append(.sample("/out/fox-2.png"))
    #expect(terminal.lines(prediction) == [.note("a/b, 2×image, 3.0 MB, 12 s")])
    prediction.files = [.sample("/out/fox.mp4", bytes: 999)]
    prediction.files[0].mediaType = "video/mp4"
    (prediction.files[0].width, prediction.files[0].height) = (nil, nil)
    #expect(terminal.lines(prediction) == [.note("a/b, video, 999 bytes, 12 s")])
    #expect(ResultReport().lines(prediction) == [])
    #expect(ResultReport(isTerminal: true, isQuiet: true).lines(prediction) == [])
  }

  @Test func aDrawingOfTheSandboxIsNamedAlsoToAPipe() {
    let prediction = Prediction.sample(provider: "sandbox")
    let quiet = ResultReport(isQuiet: true, unused: "OPENAI_API_KEY is set and not used.")
    #expect(
      quiet.lines(prediction) == [
        .note("Drawn offline by the sandbox. For real images: imagewire setup"),
        .note("OPENAI_API_KEY is set and not used."),
      ])
  }

  @Test(arguments: [PredictionStatus.created, .processing])
  func afterATimeOutTheCommandThatWaitsIsNamed(status: PredictionStatus) {
    let prediction = Prediction.sample(status)
    #expect(
      ResultReport().lines(prediction) == [
        .error(
          "The time is up; the prediction goes on (\(status.rawValue)). imagewire result \(prediction.id) waits for it."
        )
      ])
  }

  @Test func aFailureSaysWhyWhatToDoAndWhatItCost() {
    var prediction = Prediction.sample(.failed)
    prediction.error = "The model refused the prompt."
    prediction.failure = PredictionFailure(
      .invalidInput, retryable: false, message: prediction.error, hint: "Change the prompt.")
    prediction.billing = .none
    #expect(
      ResultReport(isQuiet: true).lines(prediction) == [
        .error("failed: The model refused the prompt."), .note("Change the prompt."),
        .note("\(prediction.id), billing: none"),
      ])
  }

  @Test func completedWithoutFilesIsAnError() {
    var prediction = Prediction.sample()
    prediction.error = "Its files could not be saved."
    prediction.failure = PredictionFailure(.downloadFailed, retryable: true, message: prediction.error)
    #expect(terminal.lines(prediction).first == .error("completed: Its files could not be saved."))
  }

  @Test(
    arguments: [
      (PredictionStatus.completed, 0), (.failed, 1), (.cancelled, 3), (.unknown, 4), (.created, 4), (.processing, 4),
    ] as [(PredictionStatus, Int32)])
  func theExitStatusFollowsTheStatus(status: PredictionStatus, expected: Int32) {
    #expect(exitStatus(of: .sample(status)) == expected)
  }

  @Test func completedWithoutFilesHasFailed() {
    var unsaved = Prediction.sample()
    unsaved.failure = PredictionFailure(.downloadFailed, retryable: true, message: "")
    #expect(exitStatus(of: unsaved) == 1)
  }
}

@Suite("imagewire status")
struct StatusTests {
  private let plain = Style(isOn: false)

  private func rows(_ snapshot: PredictionSnapshot) -> [String: String] {
    Dictionary(StatusCommands.rows(snapshot, plain).map { ($0.0, $0.1.description) }) { "\($0)\n\($1)" }
  }

  @Test func aFinishedPredictionHasItsFilesAndTags() {
    var prediction = Prediction.sample()
    prediction.files = [.sample(), .sample("/out/fox-2.png", bytes: 999)]
    prediction.tags = ["album", "2026"]
    prediction.remoteID = "task-7"
    prediction.billing = .charged
    let rows = rows(PredictionSnapshot(prediction, resultURL: nil))
    #expect(rows["file"] == "/out/fox.png (image, 1.5 MB)\n/out/fox-2.png (image, 999 bytes)")
    #expect(rows["tags"] == "album, 2026" && rows["remote id"] == "task-7" && rows["billing"] == "charged")
    #expect(rows["prompt"] == "a red fox" && rows["created"] == "1970-01-01T00:00:01.000Z")
    #expect(rows["error"] == nil && rows["hint"] == nil && rows["waiting"] == nil)
  }

  @Test func aPausedAccountIsShown() {
    let waiting = Waiting(reason: .rateLimited, until: 61_000)
    let rows = rows(PredictionSnapshot(.sample(.created), resultURL: nil, waiting: waiting))
    #expect(rows["waiting"] == "until 1970-01-01T00:01:01.000Z: \(waiting.words)")
  }

  @Test func aFailureHasItsHint() {
    var prediction = Prediction.sample(.failed)
    prediction.error = "Refused\u{1B}[31m."
    prediction.failure = PredictionFailure(.invalidInput, retryable: false, message: "", hint: "Change it.")
    let rows = rows(PredictionSnapshot(prediction, resultURL: nil))
    #expect(rows["error"] == "Refused\u{FFFD}[31m." && rows["hint"] == "Change it.")
  }
}

@Suite("imagewire list")
struct ListTests {
  private let plain = Style(isOn: false)

  @Test(
    arguments: [
      (-5, "0 s"), (59_999, "59 s"), (60_000, "1 min"), (3_599_000, "59 min"), (3_600_000, "1 h"),
      (172_799_000, "47 h"),
      (172_800_000, "2 d"),
    ] as [(Int64, String)])
  func ages(milliseconds: Int64, text: String) {
    #expect(age(milliseconds) == text)
  }

  @Test(
    arguments: [(0, "0 bytes"), (999, "999 bytes"), (1_000, "1 kB"), (999_999, "999 kB"), (1_560_000, "1.5 MB")]
      as [(Int64, String)])
  func sizes(bytes: Int64, text: String) {
    #expect(ListCommand.size(bytes) == text)
  }

  @Test func aLineIsCutAtTheWidthOfTheTerminal() {
    let prompt = String(repeating: "fox ", count: 50)
    let cut = ListTable(width: 80, now: 61_000, style: plain).line(.sample(), prompt: prompt).description
    #expect(cut.count < 80 && cut.contains("completed ") && cut.contains(" 1 min  fox fox"))
    let whole = ListTable(width: nil, now: 61_000, style: plain).line(.sample(), prompt: prompt).description
    #expect(whole.contains(prompt.dropLast()))
  }

  @Test(arguments: [
    (PredictionStatus.completed, 32), (.failed, 31), (.unknown, 33), (.processing, 36), (.cancelled, 2),
  ])
  func eachStatusHasAColour(status: PredictionStatus, code: Int) {
    #expect(ListTable.coloured(status, "x", Style(isOn: true)) == "\u{1B}[\(code)mx\u{1B}[0m")
    #expect(ListTable.coloured(status, "x", plain) == "x")
  }

  @Test(arguments: 40...220) func aWideTerminalShowsMoreAndNoLineIsWiderThanIt(width: Int) {
    var prediction = Prediction.sample()
    prediction.files = [.sample("/out/a-name-that-is-longer-than-its-column.png"), .sample()]
    prediction.model = "a/model-with-a-name-that-is-longer-than-its-column"
    prediction.billing = .charged
    prediction.estimateMicros = 1_234_567
    let table = ListTable(width: width, now: 61_000, style: plain)
    let prompt = String(repeating: "fox ", count: 90)
    for line in [table.heading, table.line(prediction, prompt: prompt)] {
      #expect(line.description.count < width || width < 50)
    }
    #expect(table.columns.contains(.cost) == (width > 92))
    #expect(table.columns.contains(.provider) == (width > 165))
    #expect(!table.columns.contains(.provider) || table.columns.contains(.file))
  }

  @Test func aNarrowTerminalShowsTheBeginningOfTheIDWhichCommandsTake() {
    let line = ListTable(width: 60, now: 61_000, style: plain).line(.sample(), prompt: "a fox").description
    #expect(line.hasPrefix("00000000-03e8  completed"))
    #expect(PredictionReference("00000000-03e8")?.name == .prefix("00000000-03e8"))
  }

  @Test func cellsSayWhatWasMadeAndWhatItCost() {
    var prediction = Prediction.sample()
    #expect(ListTable.kind(of: prediction) == "" && ListTable.cost(of: prediction) == "")
    prediction.files = [.sample(), .sample()]
    prediction.estimateMicros = 40_000
    #expect(ListTable.kind(of: prediction) == "2×image" && ListTable.file(of: prediction) == "fox.png")
    // Nothing was sent.
    #expect(ListTable.cost(of: prediction) == "")
    prediction.billing = .charged
    #expect(ListTable.cost(of: prediction) == "~$0.04")
    prediction.costMicros = 50_000
    prediction.isBilled = true
    #expect(ListTable.cost(of: prediction) == "$0.05")
    prediction.files = [.sample("/out/\(prediction.id)-1.png")]
    #expect(ListTable.file(of: prediction) == "…-1.png")
    #expect(ListTable.cost(of: .sample(provider: "sandbox")) == "free")
  }

  /// The other outputs are still being downloaded.
  @Test func anUnfinishedPredictionShowsNoFile() {
    var prediction = Prediction.sample(.processing)
    prediction.files = [.sample()]
    #expect(ListTable.kind(of: prediction) == "" && ListTable.file(of: prediction) == "")
    let rows = StatusCommands.rows(PredictionSnapshot(prediction, resultURL: nil), plain)
    #expect(!rows.contains { $0.0 == "file" })
    #expect(throws: PredictionLookup.Failure.self) { try prediction.savedFile(nil) }
    #expect(throws: PredictionLookup.Failure.self) { try prediction.savedFile(1) }
  }

  /// A page of the store may be short, even empty, and still have a next one.
  @Test func pagesAreReadUntilThereAreEnough() throws {
    var limits: [Int] = []
    let found = try ListCommand.read(ListQuery(limit: 3)) { query throws(StoreError) in
      limits.append(query.limit)
      switch query.cursor {
      case nil: return ListPage(predictions: [.sample()], cursors: ["a"], nextCursor: "a")
      case "a": return ListPage(predictions: [], cursors: [], nextCursor: "b")
      default: return ListPage(predictions: [.sample(), .sample()], cursors: ["c", "d"], nextCursor: "d")
      }
    }
    #expect(found.predictions.count == 3 && found.cursor == "d")
    #expect(limits == [3, 2, 2])
  }

  @Test func theLastPageEndsTheReading() throws {
    let found = try ListCommand.read(ListQuery(limit: 1_000)) { query throws(StoreError) in
      #expect(query.limit == 500)
      return ListPage(predictions: [.sample()], cursors: ["a"], nextCursor: nil)
    }
    #expect(found.predictions.count == 1 && found.cursor == nil)
  }
}

@Suite("imagewire prune and delete")
struct DeletionTests {
  @Test func theNumberIsInWords() {
    #expect(Prune.summary(0, hasFiles: true) == "Nothing was deleted.")
    #expect(Prune.summary(1, hasFiles: false) == "Deleted 1 prediction; its files stay.")
    #expect(Prune.summary(2, hasFiles: true) == "Deleted 2 predictions.")
    #expect(StatusCommands.deleted(1, keepsFiles: false) == "Deleted 1 prediction.")
    #expect(
      StatusCommands.deleted(3, keepsFiles: true)
        == "Deleted 3 predictions. The files were kept; --files deletes them too.")
  }

  @Test func keptFilesAreNamedOnlyWhereThereAreSome() {
    var pruned = PredictionEngine.Pruned()
    #expect(String(decoding: Prune.json(pruned), as: UTF8.self) == #"{"deleted":[],"scrubbed":true}"#)
    pruned.kept = ["/out/fox.png"]
    pruned.scrubbed = false
    #expect(
      String(decoding: Prune.json(pruned), as: UTF8.self)
        == #"{"deleted":[],"kept":["/out/fox.png"],"scrubbed":false}"#)
  }
}

@Suite("imagewire doctor")
struct DoctorTests {
  private let findings = [
    Finding(.ok, "version", "0.1.0"), Finding(.problem, "key", "it is missing", advice: "Run imagewire setup."),
  ]

  @Test func adviceStandsBelowItsFinding() {
    #expect(
      Doctor.lines(findings, Style(isOn: false)) == [
        "ok       version  0.1.0", "problem  key      it is missing",
        "                  → Run imagewire setup.",
      ])
  }

  @Test func oneProblemIsNotHealthy() {
    #expect(Doctor.json(findings)["healthy"] == false)
    #expect(Doctor.json(findings)["findings"]?.array?.last?["advice"] == "Run imagewire setup.")
    #expect(Doctor.json([Finding(.warning, "disk", "2 MB are free")])["healthy"] == true)
  }
}

@Suite("Colours")
struct StyleTests {
  @Test(
    arguments: [
      ([:], true, true), ([:], false, false), (["NO_COLOR": "1"], true, false), (["NO_COLOR": ""], true, true),
      (["TERM": "dumb"], true, false),
    ] as [([String: String], Bool, Bool)])
  func coloursAreForTerminalsThatWantThem(variables: [String: String], isTerminal: Bool, isOn: Bool) {
    #expect(Console(variables: variables).styles(onTerminal: isTerminal).isOn == isOn)
  }
}
