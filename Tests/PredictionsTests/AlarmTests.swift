import Testing

@testable import Predictions

@Suite("The clock's alarm")
struct AlarmTests {
  @Test("the thread starts with the first moment, and wakes only for a moment that has changed")
  func setting() {
    var alarm = Alarm()
    #expect(alarm.set(nil) == .unchanged)
    #expect(alarm.set(5) == .first)
    #expect(alarm.set(5) == .unchanged)
    #expect(alarm.set(3) == .moved)
    #expect(alarm.set(nil) == .moved)
    #expect(alarm.set(9) == .moved, "one thread is enough")
    #expect(alarm.at == 9)
  }

  @Test("after it rang, the same moment can be set again")
  func ringing() {
    var alarm = Alarm()
    _ = alarm.set(5)
    alarm.ring()
    #expect(alarm.at == nil)
    #expect(alarm.set(5) == .moved)
  }
}
