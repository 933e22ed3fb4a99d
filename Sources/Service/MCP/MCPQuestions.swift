/// The questions of a session: which are open, who waits for them, and what the user said. Pure.
///
/// A question is asked once, however many calls have it. An answer that nobody waits for any more stays valid for a while,
/// because a host may give up a call before its user answers; so does a refusal.
struct MCPQuestions<Asker: Sendable>: Sendable {
  private struct Waiting {
    var asker: Asker
    var until: Int64
  }

  private struct Open {
    var id: String
    var question: MCPQuestion
    var waiting: [Int: Waiting] = [:]
  }

  private struct Known {
    var answer: MCPQuestion.Answer
    var until: Int64
  }

  /// What to do with a question.
  enum Step: Sendable, Equatable {
    /// Ask it under this id.
    case ask(id: String)
    /// It was asked under this id, and its answer is for this asker too.
    case wait(id: String)
    /// The user said yes before.
    case accepted
    /// The user said no before.
    case declined
    /// Too many questions are open.
    case tooMany
  }

  /// How long an answer is valid, in milliseconds.
  static func lifetime(_ answer: MCPQuestion.Answer) -> Int64 {
    switch answer {
    case .accepted: 600_000
    // A model must not ask until its user gives in.
    case .declined: 3_600_000
    case .dismissed: 1_000
    }
  }

  /// The most open questions, and the most answers that are kept.
  static var limit: Int { 64 }

  /// The oldest first.
  private var open: [Open] = []
  private var answers: [MCPQuestion: Known] = [:]
  private var lastID = 0
  private var lastAsker = 0

  /// When the first asker stops waiting; `nil` where none waits.
  var nextDeadline: Int64? { open.flatMap { $0.waiting.values.map(\.until) }.min() }

  /// Takes up a question.
  ///
  /// - Parameters:
  ///   - asker: waits for the answer after `.ask` and `.wait`; `nil` where the client brings it with another call.
  ///   - until: how long the asker waits, in milliseconds of the steady clock.
  ///   - now: likewise.
  mutating func take(_ question: MCPQuestion, for asker: Asker?, until: Int64, now: Int64) -> Step {
    if let known = answers[question], known.until > now {
      if known.answer == .declined { return .declined }
      // One yes is for one image; a closed question is a no to the call that brings it.
      if !question.isLasting || known.answer == .dismissed { answers[question] = nil }
      return known.answer == .accepted ? .accepted : .declined
    }
    let index: Int
    let step: Step
    if let known = open.firstIndex(where: { $0.question == question }) {
      (index, step) = (known, .wait(id: open[known].id))
    } else {
      if open.count >= Self.limit {
        // Clients that never answer must not block the others.
        guard let idle = open.firstIndex(where: { $0.waiting.isEmpty }) else { return .tooMany }
        open.remove(at: idle)
      }
      lastID += 1
      open.append(Open(id: "imagewire-\(lastID)", question: question))
      (index, step) = (open.count - 1, .ask(id: "imagewire-\(lastID)"))
    }
    if let asker {
      lastAsker += 1
      open[index].waiting[lastAsker] = Waiting(asker: asker, until: until)
    }
    return step
  }

  /// Takes up the user's answer. A yes to a price is for the first asker: the others have to ask again.
  ///
  /// - Parameter isAlive: whether an asker still wants it.
  /// - Returns: the askers to tell, the first first, and those to ask again; none where the id is not that of an open question.
  mutating func answer(
    _ id: String, _ answer: MCPQuestion.Answer, now: Int64, isAlive: (Asker) -> Bool
  ) -> (told: [Asker], again: [Asker]) {
    guard let index = open.firstIndex(where: { $0.id == id }) else { return ([], []) }
    let asked = open.remove(at: index)
    let askers = asked.waiting.sorted { $0.key < $1.key }.map(\.value.asker).filter(isAlive)
    if answer == .declined || askers.isEmpty || answer == .accepted && asked.question.isLasting {
      answers = answers.filter { $0.value.until > now }
      if answers.count >= Self.limit, let oldest = answers.min(by: { $0.value.until < $1.value.until })?.key {
        answers[oldest] = nil
      }
      answers[asked.question] = Known(answer: answer, until: now + Self.lifetime(answer))
    }
    guard answer == .accepted, !asked.question.isLasting else { return (askers, []) }
    return (Array(askers.prefix(1)), Array(askers.dropFirst()))
  }

  /// Keeps a yes that was taken up and could not be used.
  mutating func giveBack(_ question: MCPQuestion, now: Int64) {
    answers[question] = Known(answer: .accepted, until: now + Self.lifetime(.accepted))
  }

  /// Takes out the askers that have waited long enough. Their questions stay open.
  mutating func takeExpired(_ now: Int64) -> [Asker] {
    takeAskers { $0.until <= now }
  }

  /// Takes out all askers.
  mutating func takeAll() -> [Asker] { takeAskers { _ in true } }

  private mutating func takeAskers(_ isOver: (Waiting) -> Bool) -> [Asker] {
    var taken: [(number: Int, asker: Asker)] = []
    for index in open.indices {
      for (number, waiting) in open[index].waiting where isOver(waiting) {
        taken.append((number, waiting.asker))
        open[index].waiting[number] = nil
      }
    }
    return taken.sorted { $0.number < $1.number }.map(\.asker)
  }
}
