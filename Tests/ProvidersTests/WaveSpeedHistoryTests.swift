import Encoding
import JSON
import Predictions
import Testing

@testable import HTTPTestSupport
@testable import Providers

@Suite struct WaveSpeedHistoryTests {
  private var window: ClosedRange<Int64> { wallMilliseconds() - 60_000...wallMilliseconds() + 60_000 }

  private func matches(_ outcome: HistoryOutcome) throws -> [HistoryMatch] {
    guard case .found(let matches) = outcome else { throw Unexpected("\(outcome)") }
    return matches
  }

  @Test func aLostReplyIsFoundAgain() throws {
    let server = try Loopback(["submit": ["normal", "lost_reply", "normal"]])
    let service = server.provider()
    _ = service.submit(prediction(input: #"{"prompt":"a dog"}"#))
    guard case .ambiguous = service.submit(prediction()) else { throw Unexpected() }
    _ = service.submit(prediction(model: "openai/other"))
    let found = try matches(service.search(for: prediction(), window))
    #expect(found.map(\.remoteID) == [String(repeating: "0", count: 31) + "2"])
    #expect(abs(found[0].createdAt - wallMilliseconds()) < 60_000)
    #expect(abs(found[0].clockSkew) < 5_000)
    #expect(server.posts == 3)
    let asked = try JSONValue(parsing: server.requests("history")[0]["body"]?.string ?? "")
    #expect(asked["page"]?.int64 == 1)
    #expect(asked["page_size"]?.int64 == 100)
    #expect(asked["model"]?.string == "openai/gpt-image-1-high-fidelity")
  }

  @Test func filtersThatAreIgnoredAreCheckedAgain() throws {
    let server = try Loopback(["history_ignores_filters": true])
    let service = server.provider()
    for model in ["openai/other", "openai/gpt-image-1-high-fidelity"] { _ = service.submit(prediction(model: model)) }
    #expect(try matches(service.search(for: prediction(), window)).count == 1)
    let before = wallMilliseconds() - 100_000...wallMilliseconds() - 90_000
    #expect(try matches(service.search(for: prediction(), before)).isEmpty)
    #expect(try matches(service.search(for: prediction(input: #"{"prompt":"a cat"}"#), window)).isEmpty)
    server.script(["history_without_input": true])
    #expect(try matches(service.search(for: prediction(), window)).isEmpty)
  }

  private func page(_ range: Range<Int>, age: Int64 = 0) -> JSONValue {
    let items = range.map { number -> JSONValue in
      [
        "id": .string("p\(number)"), "model": "openai/gpt-image-1-high-fidelity",
        "created_at": .string(Timestamp.text(wallMilliseconds() - age)),
        "inputs": [
          "prompt": .string(number % 100 == 7 ? "a red cat" : "a dog"), "seed": 9007199254740993, "extra": nil,
        ],
      ]
    }
    return ["do": "reply", "json": ["code": 200, "data": ["page": 1, "items": .array(items)]]]
  }

  /// The window is by our clock; the `Date` of the answer shows the difference of the service's.
  @Test func aWrongClockOfTheServiceIsCorrected() throws {
    let ahead: Int64 = 300_000
    // libcurl reads this format too, and it needs no names of days and months.
    let date =
      Timestamp.text(wallMilliseconds() + ahead).prefix(19).filter { $0 != "-" }.split(separator: "T").joined(
        separator: " ") + " GMT"
    func answer(date: String?) throws -> JSONValue {
      var reply = try #require(page(7..<8, age: -ahead).object)
      if let date { reply["headers"] = ["Date": .string(date)] }
      return .object(reply)
    }
    let server = try Loopback(["history": [try answer(date: date), try answer(date: nil)]])
    let order = prediction(input: #"{"prompt":"a red cat"}"#)
    let found = try matches(server.provider().search(for: order, window))
    #expect(found.map(\.remoteID) == ["p7"])
    #expect(abs(try #require(found.first).clockSkew - ahead) < 5_000)
    #expect(try matches(server.provider().search(for: order, window)).isEmpty)
  }

  @Test func allPagesAreRead() throws {
    let server = try Loopback([
      "history": [page(0..<100), page(100..<200), page(150..<250), page(250..<260, age: 100_000)]
    ])
    let found = try matches(server.provider().search(for: prediction(), window))
    #expect(Set(found.map(\.remoteID)) == ["p7", "p107", "p207"])
    #expect(server.requests("history").count == 4)
  }

  @Test func tooManyPagesEndTheSearch() throws {
    let server = try Loopback(["history": .array((0..<11).map { page($0 * 100..<$0 * 100 + 100) })])
    #expect(server.provider().search(for: prediction(), window) == .tooMany)
    #expect(server.requests("history").count == 10)
    // A service that returns the same page again ends the search.
    let stuck = try Loopback(["history": .array((0..<5).map { _ in page(0..<100) })])
    #expect(try matches(stuck.provider().search(for: prediction(), window)).count == 1)
    #expect(stuck.requests("history").count == 2)
  }

  @Test(arguments: ["500", "401", "404", "html", "empty", "drop", "302"])
  func nothingLearned(fault: String) throws {
    let server = try Loopback(["history": [["do": .string(fault), "times": 2]]])
    guard case .unavailable(let reason) = server.provider().search(for: prediction(), window) else {
      throw Unexpected()
    }
    #expect(!reason.contains(secret))
  }

  /// Compares the addresses that were sent, not the paths of the caller.
  @Test func filesAreFoundByTheAddressesThatWereSent() throws {
    let address = "https://media.example/1.png"
    let server = try Loopback(["submit": ["lost_reply"]])
    let service = server.provider()
    _ = service.submit(prediction(input: #"{"prompt":"a","image":"\#(address)"}"#))
    var order = prediction(input: #"{"prompt":"a","image":"@/1.png"}"#)
    #expect(try matches(service.search(for: order, window)).isEmpty)
    order.uploads = .done
    // An older version recorded no address: then the file cannot be compared.
    #expect(try matches(service.search(for: order, window)).count == 1)
    order.sent = Array(#"{"prompt":"a","image":"\#(address)"}"#.utf8)
    #expect(try matches(service.search(for: order, window)).count == 1)
    order.sent = Array(#"{"prompt":"a","image":"https://media.example/2.png"}"#.utf8)
    #expect(try matches(service.search(for: order, window)).isEmpty)
  }
}
