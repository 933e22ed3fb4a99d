import Encoding
import JSON
import Predictions
import Testing
import Threads

@testable import HTTPTestSupport
@testable import Providers

@Suite("The sandbox")
struct SandboxTests {
  /// Time that stands still until a test moves it.
  private final class Clock: TimeSource {
    private let wall = Protected<Int64>(1_763_900_000_000)
    var now: Moment { wall.withLock { Moment(steady: $0, wall: $0) } }
    func advance(_ milliseconds: Int64) { wall.withLock { $0 += milliseconds } }
  }

  private let clock = Clock()
  private let sandbox: Sandbox

  init() { sandbox = Sandbox(account: "sandbox", time: clock) }

  /// A prediction as the engine submits it.
  private func order(_ input: String) -> Prediction {
    var order = prediction(input: input)
    order.fingerprint = SHA256.hash(Array(input.utf8))
    order.startedAt = clock.now.wall
    return order
  }

  private func submit(_ input: String) -> SubmitOutcome {
    wait { sandbox.submit(order(input), mayStart: { true }, completion: $0) }
  }

  private func picture(_ input: String, _ index: Int = 1) throws -> PNGDecoder {
    try PNGDecoder(file(input, index))
  }

  private func file(_ input: String, _ index: Int = 1) throws -> [UInt8] {
    let writer = MemoryWriter()
    let outcome: DownloadOutcome = wait {
      sandbox.download("sandbox:\(index)", index: index, of: order(input), into: writer, completion: $0)
    }
    guard outcome == .written() else { throw Unexpected("\(outcome)") }
    return writer.bytes
  }

  private func refusal(_ input: String) -> String? {
    guard case .refused(let failure, pause: nil) = submit(input), failure.kind == .invalidInput, !failure.retryable
    else {
      return nil
    }
    return failure.message
  }

  // MARK: - Input

  @Test(
    "sizes in both spellings, and the default",
    arguments: [
      (#""64x64""#, 64, 64), (#""100*70""#, 100, 70), (#""64x300""#, 64, 300), (#""0128x64""#, 128, 64),
    ])
  func sizes(size: String, width: Int, height: Int) throws {
    let it = try picture(#"{"prompt":"a cat","size":\#(size)}"#)
    #expect(it.width == width)
    #expect(it.height == height)
  }

  @Test("the largest size, the narrowest, and the default")
  func extremes() throws {
    for size in ["4096x4096", "64x4096", "4096*64"] {
      guard case .accepted = submit(#"{"prompt":"x","size":"\#(size)"}"#) else { throw Unexpected("refused \(size)") }
    }
    let tall = try picture(#"{"prompt":"a red fox in snow","size":"64x4096"}"#)
    #expect(tall.width == 64 && tall.height == 4_096)
    for input in [#"{"prompt":"abstract"}"#, #"{"prompt":"abstract","size":null}"#] {
      let order = try SandboxInput(Array(input.utf8))
      #expect(order.width == 1_024 && order.height == 1_024)
    }
  }

  @Test(
    "any other size is refused, and the message says what would do",
    arguments: [
      #""63x64""#, #""64x63""#, #""4097x64""#, #""64*4097""#, #""0x0""#, #""-64x64""#, #""64""#, #""64x""#, #""x64""#,
      #""64x64x64""#, #""64 x 64""#, #""64X64""#, #""64.0x64""#, #""64x1e3""#, #""""#, #""auto""#, #""٦٤x٦٤""#,
      "64", "[64,64]", "{}", "true", #""99999999999999999999x64""#,
    ])
  func badSizes(size: String) throws {
    let message = try #require(refusal(#"{"prompt":"a cat","size":\#(size)}"#))
    #expect(message.contains("size") && message.contains("64 to 4096") && message.contains("Nothing is billed"))
  }

  @Test("one to ten pictures", arguments: 1...10)
  func count(n: Int) throws {
    guard case .accepted(_, .completed(let outputs, let nsfw, _, _), _) = submit(#"{"prompt":"a cat","n":\#(n)}"#)
    else {
      throw Unexpected("refused")
    }
    #expect(outputs == (1...n).map { .location("sandbox:\($0)") })
    #expect(nsfw == Array(repeating: false, count: n))
  }

  @Test("integers may be spelled as JSON spells them", arguments: [("2.0", 2), ("1e1", 10), ("null", 1)])
  func countSpellings(spelling: String, n: Int) throws {
    guard case .accepted(_, .completed(let outputs, _, _, _), _) = submit(#"{"prompt":"a cat","n":\#(spelling)}"#)
    else {
      throw Unexpected("refused")
    }
    #expect(outputs.count == n)
  }

  @Test("any other number is refused", arguments: ["0", "11", "-1", "1.5", #""2""#, "[]", "true", "1e99", "1e-1"])
  func badCounts(n: String) throws {
    let message = try #require(refusal(#"{"prompt":"a cat","n":\#(n)}"#))
    #expect(message.contains("n is ") && message.contains("1 to 10"))
  }

  @Test(
    "a script that cannot be played is refused by name",
    arguments: [
      (#"1"#, "sandbox"), (#"{"delay_ms":-1}"#, "delay_ms"), (#"{"delay_ms":"5"}"#, "delay_ms"),
      (#"{"delay_ms":3600001}"#, "delay_ms"), (#"{"fail":"everything"}"#, "fail"), (#"{"fail":true}"#, "fail"),
      (#"{"nsfw":1}"#, "nsfw"), (#"{"never":"yes"}"#, "never"), (#"{"lost_reply":null}"#, "lost_reply"),
      (#"{"explode":true}"#, "explode"),
    ])
  func badScripts(script: String, member: String) throws {
    #expect(try #require(refusal(#"{"prompt":"a cat","sandbox":\#(script)}"#)).contains(member))
  }

  @Test("members of real models are ignored")
  func otherMembers() {
    guard
      case .accepted = submit(
        #"{"prompt":"a cat","quality":"high","seed":9007199254740993,"size":null,"n":null,"sandbox":null}"#)
    else {
      Issue.record("refused")
      return
    }
  }

  // MARK: - Scripts

  /// Each failure shows in the outcome of the POST or in the result.
  @Test("each failure can be simulated", arguments: PredictionFailure.Kind.allCases)
  func failures(kind: PredictionFailure.Kind) {
    let input = #"{"prompt":"a cat","sandbox":{"fail":"\#(kind.rawValue)"}}"#
    switch (kind, submit(input)) {
    case (.network, .unsent): break
    case (.submissionUnknown, .ambiguous): break
    case (.authentication, .refused(let failure, nil)), (.insufficientCredit, .refused(let failure, nil)),
      (.rateLimited, .refused(let failure, nil)), (.invalidInput, .refused(let failure, nil)),
      (.contentRefused, .refused(let failure, nil)), (.modelUnavailable, .refused(let failure, nil)),
      (.configuration, .refused(let failure, nil)):
      #expect(failure.kind == kind)
      #expect(failure.message.contains("Nothing is billed"))
    case (.remoteError, .accepted(_, .failed(let failure, .refunded), _)),
      (.remoteTimeout, .accepted(_, .failed(let failure, .refunded), _)),
      (.budgetExceeded, .accepted(_, .failed(let failure, .refunded), _)),
      (.dependencyFailed, .accepted(_, .failed(let failure, .refunded), _)),
      (.cancelled, .accepted(_, .failed(let failure, .refunded), _)),
      (.interrupted, .accepted(_, .failed(let failure, .refunded), _)),
      (.internal, .accepted(_, .failed(let failure, .refunded), _)):
      #expect(failure.kind == kind)
    case (.downloadFailed, .accepted(_, .completed, _)):
      let outcome: DownloadOutcome = wait {
        sandbox.download("sandbox:1", index: 1, of: order(input), into: MemoryWriter(), completion: $0)
      }
      guard case .transient = outcome else {
        Issue.record("The download brought \(outcome).")
        return
      }
    case (_, let outcome): Issue.record("\(kind) came out as \(outcome).")
    }
  }

  @Test("a delay ends in time, and polls say when")
  func delay() throws {
    var order = order(#"{"prompt":"a cat","sandbox":{"delay_ms":700}}"#)
    let outcome: SubmitOutcome = wait { sandbox.submit(order, mayStart: { true }, completion: $0) }
    guard case .accepted(let id, .running, _) = outcome else { throw Unexpected("\(outcome)") }
    order.remoteID = id
    func poll() -> PollOutcome { wait { sandbox.poll(order, completion: $0) } }
    clock.advance(600)
    #expect(poll() == .answered(.running, after: 100))
    clock.advance(99)
    #expect(poll() == .answered(.running, after: 1))
    clock.advance(1)
    guard case .answered(.completed(_, _, let milliseconds, _), _) = poll() else { throw Unexpected("still running") }
    #expect(milliseconds == 700)
    // Another process, which has only the row, gets the same answer.
    let other: PollOutcome = wait { Sandbox(account: "sandbox", time: clock).poll(order, completion: $0) }
    #expect(other == poll())
  }

  @Test("a delayed failure comes after the delay")
  func delayedFailure() throws {
    var order = order(#"{"prompt":"a cat","sandbox":{"delay_ms":50,"fail":"remote_error"}}"#)
    guard case .accepted(let id, .running, _) = wait(for: { sandbox.submit(order, mayStart: { true }, completion: $0) })
    else { throw Unexpected("not running") }
    order.remoteID = id
    clock.advance(50)
    guard case .answered(.failed(let failure, .refunded), _) = wait(for: { sandbox.poll(order, completion: $0) }) else {
      throw Unexpected("did not fail")
    }
    #expect(failure.kind == .remoteError)
  }

  @Test("a prediction with never does not end")
  func never() throws {
    var order = order(#"{"prompt":"a cat","sandbox":{"never":true}}"#)
    guard case .accepted(let id, .running, _) = wait(for: { sandbox.submit(order, mayStart: { true }, completion: $0) })
    else { throw Unexpected("not running") }
    order.remoteID = id
    clock.advance(30 * 86_400_000)
    #expect(wait { sandbox.poll(order, completion: $0) } == .answered(.running, after: nil))
  }

  @Test("nsfw marks every output")
  func unsafe() throws {
    guard
      case .accepted(_, .completed(_, let nsfw, _, _), _) = submit(#"{"prompt":"a cat","n":3,"sandbox":{"nsfw":true}}"#)
    else { throw Unexpected("not completed") }
    #expect(nsfw == [true, true, true])
  }

  @Test("after a lost reply the history has the prediction, unless it fails with submission_unknown")
  func lostReply() throws {
    var lost = order(#"{"prompt":"a cat","sandbox":{"lost_reply":true}}"#)
    guard case .ambiguous = wait(for: { sandbox.submit(lost, mayStart: { true }, completion: $0) }) else {
      throw Unexpected("a reply")
    }
    let window = clock.now.wall - 5_000...clock.now.wall + 60_000
    guard case .found(let matches) = wait(for: { sandbox.search(for: lost, window: window, completion: $0) }) else {
      throw Unexpected("no history")
    }
    #expect(matches.count == 1)
    lost.remoteID = matches[0].remoteID
    guard case .answered(.completed, _) = wait(for: { sandbox.poll(lost, completion: $0) }) else {
      throw Unexpected("not completed")
    }
    let gone = order(#"{"prompt":"a cat","sandbox":{"fail":"submission_unknown"}}"#)
    #expect(wait { sandbox.search(for: gone, window: window, completion: $0) } == .found([]))
  }

  @Test("a prediction withdrawn before its POST is not made")
  func takenBack() {
    let outcome: SubmitOutcome = wait {
      sandbox.submit(order(#"{"prompt":"a cat"}"#), mayStart: { false }, completion: $0)
    }
    guard case .unsent = outcome else {
      Issue.record("\(outcome)")
      return
    }
  }

  @Test(
    "a remote id of another provider is refused", arguments: ["", "r-1", "sandbox", "sandbox-%-x", "sandbox-1-2-3"])
  func strangeID(id: String) {
    var order = order(#"{"prompt":"a cat"}"#)
    order.remoteID = id
    guard case .gone = wait(for: { sandbox.poll(order, completion: $0) }) else {
      Issue.record("\(id) was taken for ours.")
      return
    }
  }

  @Test("every prediction is free")
  func price() throws {
    let pricing = try #require(sandbox.pricing)
    let quote: Result<Quote, ProviderError> = wait {
      pricing.quote(model: "m", input: JSONObject([("prompt", "x")]), completion: $0)
    }
    #expect(try quote.get() == Quote(micros: 0, currency: "USD", isExact: true))
  }

  @Test("a failing disk is reported")
  func diskFull() {
    let full = OutputError.diskFull(path: "/out")
    let outcome: DownloadOutcome = wait {
      sandbox.download(
        "sandbox:1", index: 1, of: order(#"{"prompt":"a cat","size":"64x64"}"#), into: MemoryWriter(failing: full),
        completion: $0)
    }
    #expect(outcome == .unsaved(full))
  }

  // MARK: - Bytes

  @Test("the same bytes for the same input, from any process; other bytes for another prompt, size or index")
  func bytes() throws {
    let cat = try file(#"{"prompt":"a cat","size":"96x96"}"#)
    #expect(try file(#"{"size":"96*96","prompt":"a cat","n":4,"quality":"low"}"#) == cat)
    clock.advance(86_400_000)
    #expect(try file(#"{"prompt":"a cat","size":"96x96"}"#) == cat)
    let others = [
      try file(#"{"prompt":"a cat","size":"96x96"}"#, 2), try file(#"{"prompt":"a dog","size":"96x96"}"#),
      try file(#"{"prompt":"a cat!","size":"96x96"}"#), try file(#"{"prompt":"a cat","size":"96x97"}"#),
    ]
    #expect(Set(others + [cat]).count == 5)
  }

  /// The image is the same on every machine and in every version: clients compare it with golden files.
  @Test("no pixel depends on the processor")
  func golden() throws {
    let it = try picture(#"{"prompt":"a red fox in snow","size":"128x128"}"#)
    #expect(SHA256.hash(it.pixels).hexadecimal == "b3547e099e0bbb18ba23cbbc1f27796af29a80cdc33d788dc20ce6d0a55c921f")
  }
}
