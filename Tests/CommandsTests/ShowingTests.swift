import Encoding
import Predictions
import Testing

@testable import Commands

@Suite struct ProgressBarTests {
  @Test func withoutEarlierPredictionsThereIsNoBar() {
    let line = ProgressBar(estimate: nil).line(.processing, elapsed: 12_300, width: 80)
    #expect(line == "⠸ processing · 12 s")
  }

  @Test func anEstimateNeverFillsTheBar() {
    var bar = ProgressBar(estimate: 20_000)
    bar.isUnicode = false
    #expect(
      bar.line(.processing, elapsed: 10_000, width: 100) == "| processing, 10 s, usually 20 s ############------------")
    let late = bar.line(.processing, elapsed: 90_000, width: 100).description
    #expect(late.contains("longer than the usual 20 s") && late.hasSuffix("#-"))
  }

  @Test func whatIsExpectedGoesBeforeTheMedian() {
    var bar = ProgressBar(estimate: 20_000)
    bar.isUnicode = false
    func line(_ remaining: Int64?, _ share: Double, _ status: PredictionStatus = .processing) -> String {
      let expectation = Expectation(remaining: remaining, share: share)
      return bar.line(status, elapsed: 10_000, expectation: expectation, width: 100).description
    }
    #expect(line(30_000, 0.25) == "| processing, 10 s, about 30 s left ######------------------")
    #expect(line(nil, 0.989) == "| processing, 10 s, longer than usual #######################-")
    #expect(line(30_000, 0.25, .created) == "| waiting its turn, 10 s")
  }

  @Test func aWaitingPredictionHasNoEstimate() {
    #expect(ProgressBar(estimate: 20_000).line(.created, elapsed: 500, width: 80) == "⠴ waiting its turn · 0.5 s")
  }

  @Test(arguments: 1...120) func itIsNeverWiderThanTheTerminal(width: Int) {
    let bar = ProgressBar(estimate: 30_000)
    for elapsed in [Int64(0), 5_000, 100_000] {
      #expect(bar.line(.processing, elapsed: elapsed, width: width).description.count <= max(0, width - 1))
    }
  }

  @Test func theEstimateIsTheMedian() {
    func took(_ seconds: Int64?) -> Prediction {
      var prediction = Prediction(
        id: PredictionID(at: 1_000), provider: "sandbox", model: "m", input: [], fingerprint: [],
        account: "", outputDirectory: "/")
      prediction.status = .completed
      prediction.startedAt = 2_000
      prediction.finishedAt = seconds.map { 2_000 + $0 * 1_000 }
      return prediction
    }
    #expect(ProgressBar.estimate(from: []) == nil)
    #expect(ProgressBar.estimate(from: [took(nil)]) == nil)
    #expect(ProgressBar.estimate(from: [took(60), took(10), took(12)]) == 12_000)
  }

  @Test(arguments: [
    (400, "0.4 s"), (12_900, "12 s"), (119_000, "119 s"), (185_000, "3 min 5 s"), (7_260_000, "2 h 1 min"),
  ])
  func durations(milliseconds: Int64, text: String) {
    #expect(ProgressBar.seconds(milliseconds) == text)
  }
}

@Suite struct TerminalPictureTests {
  @Test func aTerminalNamesItsProtocol() {
    #expect(TerminalPicture(["TERM": "xterm-kitty"]) == .kitty)
    #expect(TerminalPicture(["TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"]) == .kitty)
    #expect(TerminalPicture(["TERM_PROGRAM": "iTerm.app"]) == .iTerm2)
    #expect(TerminalPicture(["TERM_PROGRAM": "WezTerm"]) == .iTerm2)
    #expect(TerminalPicture(["TERM": "xterm-256color"]) == nil)
    #expect(TerminalPicture(["TERM": "tmux-256color", "TERM_PROGRAM": "iTerm.app"]) == nil)
    #expect(TerminalPicture(["TERM": "xterm-kitty", "TMUX": "/tmp/x"]) == nil)
  }

  @Test(arguments: [0, 1, 3_072, 3_073, 10_000]) func kittyGetsPiecesOfAtMost4096Bytes(count: Int) throws {
    let picture = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    let text = String(decoding: TerminalPicture.kitty.sequence(picture), as: UTF8.self)
    let pieces = text.split(separator: "\u{1B}_G").map { $0.prefix { $0 != "\u{1B}" } }
    var base64 = ""
    for (index, piece) in pieces.enumerated() {
      let parts = piece.split(separator: ";", omittingEmptySubsequences: false)
      #expect(parts[0].hasPrefix("a=T,f=100") == (index == 0))
      #expect(parts[0].hasSuffix("m=\(index == pieces.count - 1 ? 0 : 1)"))
      #expect(parts[1].utf8.count <= 4_096)
      base64 += parts[1]
    }
    #expect(Base64.decode(Array(base64.utf8).span) == picture)
  }

  @Test func iTerm2GetsOnePiece() {
    let text = String(decoding: TerminalPicture.iTerm2.sequence([1, 2, 3]), as: UTF8.self)
    #expect(text == "\u{1B}]1337;File=inline=1;size=3;preserveAspectRatio=1:AQID\u{7}\n")
    #expect(TerminalPicture.iTerm2.takes("image/webp") && !TerminalPicture.kitty.takes("image/webp"))
  }
}

@Suite struct RenderedTests {
  private let table = CommandTable.all

  @Test func everyVisibleOptionIsInEveryRendering() {
    let manual = ManualPage(table, version: "1.2.3").text
    let shells = ["bash", "zsh", "fish"].map { Completions(table).script(for: $0)! }
    for command in table.visible {
      #expect(Help(table).text.contains("  \(command.name) "))
      let help = Help(table).text(of: command)
      for option in command.options where !option.isHidden {
        #expect(help.contains(option.usage))
        #expect(manual.contains(ManualPage.escaped(option.usage)))
        for shell in shells { #expect(shell.contains(String(option.name.dropFirst(2)))) }
      }
    }
    #expect(Completions(table).script(for: "tcsh") == nil)
  }

  @Test func hiddenOptionsAreInNone() {
    for text in [Help(table).text, ManualPage(table, version: "1").text]
      + ["bash", "zsh", "fish"].map({ Completions(table).script(for: $0)! })
    {
      #expect(!text.contains("clientProcessId") && !text.contains("--stdio"))
    }
  }

  @Test func helpIsNoWiderThanATerminal() {
    for text in [Help(table).text] + table.commands.map({ Help(table).text(of: $0) }) {
      for line in text.split(separator: "\n") where !line.contains("printf") { #expect(line.count <= 100, "\(line)") }
    }
  }

  @Test func everyOptionIsThereOnce() {
    for command in table.commands {
      let names = command.options.flatMap { [$0.name, $0.letter].compactMap { $0 } }
      #expect(Set(names).count == names.count, "\(command.name)")
      #expect(command.operands.dropLast().allSatisfy { !$0.repeats && $0.isRequired })
    }
  }

  @Test func aListLineCannotMoveTheCursor() {
    let prediction = Prediction(
      id: PredictionID(at: 1_000), provider: "sandbox", model: "m", input: [], fingerprint: [], account: "",
      outputDirectory: "/")
    let line = ListTable(width: nil, now: 1_000, style: Style(isOn: false)).line(
      prediction, prompt: "a\u{1B}[31m\nb\u{9B}c")
    #expect(line.description.hasSuffix("  a\u{FFFD}[31m b\u{FFFD}c"))
  }

  @Test(arguments: [
    (["image/png"], "image"), (["video/mp4"], "video"), (["image/png", "image/webp"], "2×image"),
    (["image/png", "video/mp4"], "2 files"), ([], ""),
  ])
  func theListHasOneWordForTheFiles(mediaTypes: [String], word: String) {
    var prediction = Prediction.sample()
    prediction.files = mediaTypes.map { mediaType in
      var file = OutputFile.sample()
      file.mediaType = mediaType
      return file
    }
    #expect(ListTable.kind(of: prediction) == word)
  }
}
