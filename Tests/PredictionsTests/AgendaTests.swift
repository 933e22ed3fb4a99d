import Testing

@testable import Predictions

@Suite("What is due when")
struct AgendaTests {
  @Test("empty")
  func empty() {
    var agenda = Agenda()
    #expect(agenda.earliest == nil)
    #expect(agenda.popDue(.max) == nil)
  }

  @Test("an entry comes out when its moment has come, not before, and once")
  func moment() {
    var agenda = Agenda()
    let id = PredictionID(sequence: 1, lowBits: 0)
    agenda.insert(100, id)
    #expect(agenda.earliest == 100)
    #expect(agenda.popDue(99) == nil)
    let due = agenda.popDue(100)
    #expect(due?.at == 100)
    #expect(due?.id == id)
    #expect(agenda.popDue(.max) == nil)
    #expect(agenda.earliest == nil)
  }

  @Test("as a sorted list would do it", arguments: 0..<40 as Range<UInt64>)
  func againstASortedList(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    var agenda = Agenda()
    var list: [(at: Int64, number: Int64)] = []
    var now: Int64 = 0
    for number in 0..<Int64(1_000) {
      if Int.random(in: 0..<3, using: &generator) < 2 {
        // Few different moments, so that many are equal.
        let at = now + Int64.random(in: -5...30, using: &generator)
        agenda.insert(at, PredictionID(sequence: number, lowBits: 0))
        list.append((at, number))
      } else {
        now += Int64.random(in: 0...10, using: &generator)
        while let due = agenda.popDue(now) {
          let earliest = try #require(list.map(\.at).min())
          #expect(due.at == earliest)
          // Among equal moments any order will do, but it must be one of those that were put in.
          let index = try #require(list.firstIndex { $0.at == due.at && $0.number == due.id.sequence })
          list.remove(at: index)
        }
        #expect(list.allSatisfy { $0.at > now })
      }
      #expect(agenda.earliest == list.map(\.at).min())
    }
  }
}
