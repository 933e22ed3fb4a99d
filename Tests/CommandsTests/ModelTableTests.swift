import Testing

@testable import Commands
@testable import Predictions

@Suite("imagewire models")
struct ModelTableTests {
  private let models = [
    Model(
      id: "a/b", kind: .image, description: "Paints foxes in oil, slowly and well", priceMicros: 50_000,
      pricedInputs: ["n"]),
    Model(id: "acme/\(String(repeating: "x", count: 60))", kind: .video, priceMicros: 150_000),
    Model(id: "acme/mystery"),
  ]

  private func lines(_ width: Int?) -> [String] {
    ModelTable(models, usual: "", width: width, style: Style(isOn: false)).lines.map(\.description)
  }

  @Test("on a pipe nothing is cut")
  func pipe() {
    #expect(
      lines(nil)[0].hasPrefix("a/b  ")
        && lines(nil)[0].hasSuffix("image    $0.05+  Paints foxes in oil, slowly and well"))
    #expect(lines(nil)[2] == "acme/mystery")
  }

  @Test("a description is cut to the width, and left out where there is no room; an id is whole", arguments: 20...130)
  func widths(width: Int) {
    let lines = lines(width)
    #expect(lines[0].count < width || width < 70)
    #expect(lines[0].contains("Paints") == (width >= 84))
    #expect(lines[1].hasPrefix(models[1].id))
  }

  @Test("a text of a provider cannot drive the terminal")
  func hostile() {
    let model = Model(id: "a\u{1B}[31m", description: "b\u{9B}\nc")
    let line = ModelTable([model], usual: "", width: nil, style: Style(isOn: false)).lines[0].description
    #expect(line.contains("a\u{FFFD}[31m") && line.hasSuffix("b\u{FFFD} c"))
  }

  @Test("free is what no field makes dearer")
  func prices() {
    #expect(ModelTable.price(0, of: Model(id: "a")) == "free")
    #expect(ModelTable.price(0, of: Model(id: "a", pricedInputs: ["n"])) == "$0.00+")
    #expect(ModelTable.price(40_000, of: Model(id: "a", pricedInputs: [])) == "$0.04")
  }

  @Test("what a model takes is a line for each field")
  func fields() {
    let schema =
      #"{"properties":{"n":{"type":"integer","minimum":1,"maximum":4,"default":1},"size":{"type":"string","enum":["1","2"]}},"required":["size"]}"#
    let rows = ModelsCommand.rows(of: Model(id: "a", inputSchema: Array(schema.utf8)), provider: "p")
    #expect(
      rows.filter { $0.0 == "input" }.map(\.1.description) == [
        "n: integer, from 1 to 4 (default 1)", #"size: string, required, one of "1", "2""#,
      ])
  }
}

@Suite("imagewire quote, validate and open")
struct AnswerTests {
  @Test("a price says whether it is exact")
  func quotes() {
    #expect(QuoteCommand.line(Quote(micros: 40_000, currency: "USD", isExact: true, missing: [])) == "$0.04, exact")
    #expect(QuoteCommand.line(Quote(micros: 40_000, currency: "EUR", isExact: false)) == "0.04 EUR, an estimate")
    let floor = Quote(micros: 150_000, currency: "USD", isExact: false, missing: ["audio", "n\u{1B}"])
    #expect(QuoteCommand.line(floor) == "$0.15 or more, an estimate: audio and n\u{FFFD} also decides the price")
  }

  @Test("problems come before warnings, and valid is only what has no problem")
  func validations() {
    var validation = PredictionEngine.Validation(problems: [])
    #expect(ValidateCommand.lines(validation) == ["valid"])
    validation.warnings = [.init(path: "input.a", message: "input.a is odd")]
    #expect(ValidateCommand.lines(validation) == ["warning: input.a is odd", "valid"])
    validation.problems = [.init(path: "input.n", message: "input.n is 11")]
    #expect(ValidateCommand.lines(validation) == ["problem: input.n is 11", "warning: input.a is odd"])
  }

  @Test(
    "nothing that may run is opened",
    arguments: [
      ("image/png", true), ("video/mp4", true), ("audio/mpeg", true), ("text/plain", true), ("application/json", true),
      ("model/gltf-binary", true), ("image/svg+xml", false), ("text/html", false), ("text/xml", false),
      ("application/pdf", false), ("application/zip", false), ("application/octet-stream", false),
      ("model/vnd.usdz+zip", false), ("model/vnd.fbx", false), ("text/javascript", false),
    ])
  func opening(mediaType: String, mayOpen: Bool) {
    #expect(OpenCommand.mayOpen(mediaType) == mayOpen)
  }
}
