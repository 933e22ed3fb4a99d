import JSON
import Testing

@testable import Service

@Suite("Questions to the user")
struct MCPQuestionsTests {
  private typealias Questions = MCPQuestions<Int>

  private let fox = MCPQuestion.price(digest: [1], micros: 5)
  private let owl = MCPQuestion.price(digest: [2], micros: 5)

  private func asked(_ questions: inout Questions, _ question: MCPQuestion, by asker: Int?, now: Int64 = 0) -> String? {
    switch questions.take(question, for: asker, until: now + 50, now: now) {
    case .ask(let id), .wait(let id): id
    case .accepted, .declined, .tooMany: nil
    }
  }

  @Test func aQuestionIsAskedOnce() throws {
    var questions = Questions()
    #expect(questions.take(fox, for: 1, until: 50, now: 0) == .ask(id: "imagewire-1"))
    #expect(questions.take(fox, for: 2, until: 60, now: 10) == .wait(id: "imagewire-1"))
    #expect(questions.take(owl, for: 3, until: 60, now: 10) == .ask(id: "imagewire-2"))
    // One yes is for one image.
    #expect(questions.answer("imagewire-1", .accepted, now: 20) { _ in true } == ([1], [2]))
    // Once: another one with the same words is a question of its own.
    #expect(questions.answer("imagewire-1", .accepted, now: 20) { _ in true } == ([], []))
    #expect(questions.take(fox, for: 4, until: 70, now: 20) == .ask(id: "imagewire-3"))
  }

  @Test func whatNobodyHeardIsKept() {
    for (answer, step) in [(MCPQuestion.Answer.accepted, Questions.Step.accepted), (.dismissed, .declined)] {
      var questions = Questions()
      _ = asked(&questions, fox, by: 1)
      #expect(questions.answer("imagewire-1", answer, now: 1) { _ in false } == ([], []))
      #expect(questions.take(fox, for: 2, until: 50, now: 2) == step)
      // For one call.
      #expect(questions.take(fox, for: 3, until: 50, now: 2) == .ask(id: "imagewire-2"))
    }
  }

  @Test func answersEnd() {
    for answer in [MCPQuestion.Answer.accepted, .declined, .dismissed] {
      var questions = Questions()
      _ = asked(&questions, fox, by: nil)
      _ = questions.answer("imagewire-1", answer, now: 0) { _ in true }
      let end = Questions.lifetime(answer)
      #expect(questions.take(fox, for: nil, until: 0, now: end) == .ask(id: "imagewire-2"))
    }
  }

  @Test func aNoHoldsForEachCall() {
    var questions = Questions()
    _ = asked(&questions, fox, by: 1)
    _ = asked(&questions, fox, by: 2)
    #expect(questions.answer("imagewire-1", .declined, now: 0) { _ in true } == ([1, 2], []))
    for _ in 1...3 { #expect(questions.take(fox, for: 2, until: 50, now: 5) == .declined) }
    #expect(asked(&questions, owl, by: 2) == "imagewire-2")
  }

  @Test func whoHasWaitedLongEnoughIsTold() {
    var questions = Questions()
    #expect(questions.nextDeadline == nil)
    _ = questions.take(fox, for: 1, until: 50, now: 0)
    _ = questions.take(fox, for: 2, until: 40, now: 0)
    _ = questions.take(owl, for: 3, until: 60, now: 0)
    #expect(questions.nextDeadline == 40)
    #expect(questions.takeExpired(50) == [1, 2] && questions.nextDeadline == 60)
    // The question is still open, and its answer is kept.
    #expect(questions.answer("imagewire-1", .accepted, now: 70) { _ in true } == ([], []))
    #expect(questions.take(fox, for: 4, until: 99, now: 80) == .accepted)
    #expect(questions.takeAll() == [3] && questions.nextDeadline == nil)
  }

  @Test func aNoOutlivesOtherAnswers() {
    var questions = Questions()
    _ = asked(&questions, fox, by: 1)
    _ = questions.answer("imagewire-1", .declined, now: 0) { _ in true }
    for number in 0..<2 * Questions.limit {
      let question = MCPQuestion.price(digest: [9, UInt8(number)], micros: nil)
      guard let id = asked(&questions, question, by: nil, now: 1) else { return #expect(Bool(false)) }
      _ = questions.answer(id, .accepted, now: 1) { _ in true }
    }
    #expect(questions.take(fox, for: nil, until: 0, now: 2) == .declined)
  }

  @Test func aYesThatCouldNotBeUsedIsKept() {
    var questions = Questions()
    questions.giveBack(fox, now: 0)
    #expect(questions.take(fox, for: nil, until: 0, now: 1) == .accepted)
  }

  @Test func clientsThatNeverAnswerDoNotBlockTheOthers() {
    var questions = Questions()
    func question(_ number: Int) -> MCPQuestion { .price(digest: [9, UInt8(number)], micros: nil) }
    for number in 0..<Questions.limit { _ = asked(&questions, question(number), by: number == 0 ? nil : 1) }
    #expect(questions.take(fox, for: 2, until: 50, now: 0) == .ask(id: "imagewire-\(Questions.limit + 1)"))
    // Now each open one has somebody who waits.
    #expect(questions.take(owl, for: 2, until: 50, now: 0) == .tooMany)
  }

  @Test(
    arguments: [
      (#"{"elicitation":{}}"#, true), (#"{"elicitation":{"form":{}}}"#, true), (#"{"elicitation":{"url":{}}}"#, false),
      (#"{"elicitation":true}"#, false), ("{}", false),
    ])
  func formsAreWhatIsAsked(text: String, canAsk: Bool) throws {
    #expect(MCPClientCapabilities(try JSONValue(parsing: text)).canAsk == canAsk)
  }
}
