import Predictions
import Testing

/// The length of a pause, whatever happens to the clock meanwhile.
@Suite("Pauses of an account")
struct AccountPauseTests {
  private let now: Int64 = 1_763_900_000_000
  private let day: Int64 = 86_400_000

  private func pause(_ reason: PredictionFailure.Kind = .insufficientCredit, _ length: Int64 = 60_000) -> AccountPause {
    .after(nil, because: reason, for: length, at: now)
  }

  @Test("a pause lasts for its length")
  func lasts() {
    #expect(pause().remaining(at: now) == 60_000)
    #expect(pause().remaining(at: now + 59_999) == 1)
    #expect(pause().remaining(at: now + 60_000) == nil)
  }

  @Test("setting the clock may end a pause but does not extend it")
  func clock() {
    #expect(pause().remaining(at: now - day) == nil)
    #expect(pause().remaining(at: now - 1) == nil)
    #expect(pause().remaining(at: now + day) == nil)
    let late = AccountPause.after(nil, because: .rateLimited, for: 2_000, at: now + day)
    #expect(late.remaining(at: now) == nil)
    // A refusal after the clock was set back begins a new pause of its own length.
    let again = AccountPause.after(late, because: .rateLimited, for: 2_000, at: now)
    #expect(again.remaining(at: now) == 2_000)
    let credit = AccountPause.after(nil, because: .insufficientCredit, for: 60_000, at: now + day)
    #expect(AccountPause.after(credit, because: .insufficientCredit, for: 60_000, at: now).remaining(at: now) == 60_000)
  }

  @Test(
    "what people must mend is tried less and less often",
    arguments: [PredictionFailure.Kind.insufficientCredit, .authentication])
  func doubles(reason: PredictionFailure.Kind) {
    var moment = now
    var last: AccountPause?
    for expected: Int64 in [60_000, 120_000, 240_000, 480_000, 600_000, 600_000] {
      last = .after(last, because: reason, for: 60_000, at: moment)
      #expect(last?.remaining(at: moment) == expected)
      moment += expected
    }
    #expect(AccountPause.after(last, because: reason, for: 60_000, at: moment + 600_000).length == 60_000)
    #expect(AccountPause.after(last, because: .rateLimited, for: 5_000, at: moment).length == 5_000)
  }

  @Test("a pause that would end before the present one changes nothing")
  func shorter() {
    #expect(AccountPause.after(pause(), because: .rateLimited, for: 2_000, at: now + 1) == pause())
    #expect(
      AccountPause.after(pause(.rateLimited, 2_000), because: .insufficientCredit, for: 60_000, at: now) == pause())
  }

  @Test("a balance is a top-up if it covers the price and exceeds the balance that was too little")
  func topUp() {
    var pause = pause()
    #expect(pause.isToppedUp(balance: 50, price: 50))
    #expect(!pause.isToppedUp(balance: 49, price: 50))
    #expect(!pause.isToppedUp(balance: 1_000, price: nil), "nothing to compare it with")
    pause.balance = 40
    #expect(pause.isToppedUp(balance: 41, price: nil))
    #expect(!pause.isToppedUp(balance: 41, price: 50))
    #expect(!pause.isToppedUp(balance: 40, price: 10), "the provider refused with as much")
  }
}
