import JSON
import JSONRPC
import Testing
import Threads

/// Keeps every reply whose method is `later`, and answers all others with their method.
private final class Keeper: Sendable {
  let kept = Shared<[PendingReply]>([])
  let cancelled = Shared<[String]>([])

  var handler: Handler {
    Handler(onRequest: { [self] request, reply in
      let method = request.method
      guard method.hasPrefix("later") else {
        reply.result { $0.value(method) }
        return
      }
      let name = request.params?["name"]?.string ?? method
      let pending = reply.later { [self] pending in
        cancelled.change { $0.append(name) }
        pending.error(RPCError(code: -32800, message: name))
      }
      kept.change { $0.append(pending) }
    })
  }
}

/// A connection whose reading thread runs beside the test.
private final class Running: Sendable {
  let transport = MemoryTransport()
  let connection: Connection
  let end = Shared<EndOfConnection?>(nil)

  init(_ handler: Handler, limits: Limits = Limits()) {
    connection = Connection(transport: transport, handler: handler, framing: .line, limits: limits)
    startThread { [self] in end.set(connection.run()) }
  }

  func finish() -> [String] {
    transport.endInput()
    _ = end.wait { $0 }
    _ = connection.waitUntilAnswered(atMost: 10_000)
    return messages(in: Array(transport.writes.joined()), .line)
  }
}

@Suite struct ReplyTests {
  @Test func everythingFromOneReadIsAnsweredByOneWrite() {
    let transport = MemoryTransport()
    let settled = Shared(0)
    let handler = Handler(onSettle: { settled.change { $0 += 1 } })
    let connection = Connection(transport: transport, handler: handler)
    transport.send(call("1") + call("2") + "x\n" + call("3"))
    transport.send(call("4"))
    transport.send("  \n")
    transport.endInput()
    #expect(connection.run() == .endOfInput)
    let echo = #""echo""#
    #expect(
      transport.writes.map { messages(in: $0, .line) } == [
        [result("1", echo), result("2", echo), parseError, result("3", echo)], [result("4", echo)],
      ])
    #expect(settled.value == 2, "nothing is settled where nothing came")
  }

  @Test func repliesGivenWhileSettlingKeepTheOrderOfTheirRequests() {
    let keeper = Keeper()
    var handler = keeper.handler
    handler.onSettle = {
      let pending = keeper.kept.value
      keeper.kept.set([])
      for (index, one) in pending.enumerated().reversed() { one.result { $0.value(index) } }
    }
    let transport = MemoryTransport()
    let connection = Connection(transport: transport, handler: handler)
    transport.send(call("1", "later") + call("2", "now") + call("3", "later") + call("4", "later") + call("5", "now"))
    transport.endInput()
    _ = connection.run()
    #expect(
      transport.writes.map { messages(in: $0, .line) } == [
        [result("1", "0"), result("2", #""now""#), result("3", "1"), result("4", "2"), result("5", #""now""#)]
      ])
  }

  @Test func aReplyThatComesLaterDoesNotHoldUpOthers() {
    let keeper = Keeper()
    let running = Running(keeper.handler)
    running.transport.send(call("1", "later") + call("2", "now"))
    _ = running.transport.waitForReceived { $0.contains("now") ? true : nil }
    #expect(running.transport.received == result("2", #""now""#) + "\n")
    #expect(!running.connection.waitUntilAnswered(atMost: 0))
    #expect(keeper.kept.value[0].result { $0.value("late") })
    #expect(running.connection.waitUntilAnswered(atMost: 10_000))
    #expect(running.finish() == [result("2", #""now""#), result("1", #""late""#)])
  }

  @Test func onlyOneAnswerIsSentHoweverManyThreadsTry() {
    for _ in 0..<50 {
      let keeper = Keeper()
      let running = Running(keeper.handler)
      running.transport.send(call("1", "later"))
      guard let pending = keeper.kept.wait(until: { $0.first }) else {
        Issue.record("not kept")
        return
      }
      let won = Shared<[Bool]>([])
      for index in 0..<4 {
        startThread {
          let isMine = index == 0 ? pending.error(.methodNotFound) : pending.result { $0.value(index) }
          won.change { $0.append(isMine) }
        }
      }
      startThread {
        running.connection.cancel(1)
        won.change { $0.append(false) }
      }
      _ = won.wait { $0.count == 5 ? true : nil }
      let cancels = keeper.cancelled.value.count
      let answers = won.value.count { $0 }
      // A cancel that came too late may still have found the reply, but it was not its answer that was sent.
      #expect(answers == 1 || (answers == 0 && cancels == 1))
      #expect(running.finish().count == 1)
    }
  }

  /// The moment between the check and the sending, held open by a body that answers itself.
  @Test func anAnswerOvertakenWhileItIsWrittenIsNotSent() {
    let keeper = Keeper()
    let running = Running(keeper.handler)
    running.transport.send(call("1", "later") + call("2", "later"))
    guard let pending = keeper.kept.wait(until: { $0.count == 2 ? $0 : nil }) else {
      Issue.record("not kept")
      return
    }
    let overtaken = pending[0].result { writer in
      #expect(pending[0].result { $0.value("first") })
      writer.value("second")
    }
    #expect(!overtaken)
    let notified = pending[1].notify("late") { _ in
      #expect(pending[1].result { $0.value("first") })
    }
    #expect(!notified)
    #expect(running.finish() == [result("1", #""first""#), result("2", #""first""#)])
  }

  @Test func aDroppedReplyIsAnInternalError() {
    let forgetful = Handler(onRequest: { request, reply in
      if request.method == "later" { _ = reply.later() }
    })
    for found in replies(to: call("1") + call("2", "later"), handler: forgetful).enumerated() {
      let error = json(found.element)
      #expect(error["id"]?.int64 == Int64(found.offset + 1))
      #expect(error["error"]?["code"] == -32603)
      #expect(error["error"]?["data"] == ["type": "internal", "retryable": false])
    }
    #expect(replies(to: call("1") + call("2", "later"), handler: forgetful).count == 2)
  }

  @Test func aBodyThatWritesNothingIsNull() {
    let handler = Handler(onRequest: { _, reply in reply.result { _ in } })
    #expect(replies(to: call("1"), handler: handler) == [result("1", "null")])
  }

  @Test func silenceSendsNothing() {
    let kept = Shared<[PendingReply]>([])
    let handler = Handler(onRequest: { request, reply in
      switch request.method {
      case "silence": reply.silence()
      case "later":
        let pending = reply.later()
        kept.change { $0.append(pending) }
      default: reply.result { _ in }
      }
    })
    let running = Running(handler)
    running.transport.send(call("1", "silence") + call("2", "later") + "[\(call("3", "silence").dropLast())]\n")
    running.transport.send("[\(call("4", "silence").dropLast()),\(call("5", "x").dropLast())]\n")
    let pending = kept.wait { $0.first }
    #expect(pending?.silence() == true)
    #expect(pending?.silence() == false)
    #expect(running.finish() == ["[\(result("5", "null"))]"])
  }

  @Test func anErrorCarriesItsData() {
    let handler = Handler(onRequest: { _, reply in
      reply.error(
        RPCError(code: 1001, message: "no \"such\"\n") { $0.value(["id": "p"] as JSONValue) })
    })
    #expect(
      replies(to: call("1"), handler: handler) == [
        #"{"jsonrpc":"2.0","id":1,"error":{"code":1001,"message":"no \"such\"\n","data":{"id":"p"}}}"#
      ])
  }

  // MARK: - Cancelling

  @Test func aCancelReachesEveryRequestUnderItsIDAndNoOther() {
    let keeper = Keeper()
    let running = Running(keeper.handler)
    let ids = ["7", #""7""#, "7.0", "7", #""\u0037""#, "null", #""é""#, #""e\u0301""#]
    for (index, id) in ids.enumerated() {
      running.transport.send(call(id, "later", params: #"{"name":"\#(index)"}"#))
    }
    _ = keeper.kept.wait { $0.count == ids.count ? true : nil }
    func cancelled(by id: JSONValue) -> [String] {
      keeper.cancelled.set([])
      running.connection.cancel(id)
      return keeper.cancelled.value
    }
    #expect(cancelled(by: 8) == [])
    #expect(cancelled(by: [7]) == [])
    #expect(cancelled(by: true) == [])
    #expect(cancelled(by: 7) == ["0", "3"])
    #expect(cancelled(by: 7) == [], "answered requests are not in flight")
    #expect(cancelled(by: json("7.0")) == ["2"])
    #expect(cancelled(by: "7") == ["1", "4"])
    #expect(cancelled(by: json(#""\u00e9""#)) == ["6"])
    #expect(cancelled(by: .null) == ["5"])
    #expect(cancelled(by: "e\u{301}") == ["7"])
    let codes = running.finish().map { json($0)["error"]?["code"] }
    #expect(codes == Array(repeating: -32800, count: ids.count))
  }

  @Test func aRequestThatCannotBeCancelledIsLeftAlone() {
    let kept = Shared<[PendingReply]>([])
    let running = Running(
      Handler(onRequest: { _, reply in
        let pending = reply.later()
        kept.change { $0.append(pending) }
      }))
    running.transport.send(call("1"))
    let pending = kept.wait { $0.first }
    running.connection.cancel(1)
    #expect(pending?.result { $0.value(5) } == true)
    #expect(running.finish() == [result("1", "5")])
  }

  @Test func vimsCancelIsAnsweredByNothingButTheCancelledRequest() {
    let keeper = Keeper()
    let connection = Shared<Connection?>(nil)
    var handler = keeper.handler
    let answer = handler.onRequest
    handler.onRequest = { request, reply in
      guard request.method == "$/cancelRequest", let id = request.id else { return answer(request, reply) }
      connection.value?.cancel(id.value)
      reply.silence()
    }
    let running = Running(handler)
    connection.set(running.connection)
    running.transport.send(call("7", "later") + call("7", "$/cancelRequest"))
    #expect(running.finish().map { json($0)["error"]?["code"] } == [-32800])
    connection.set(nil)
  }

  // MARK: - Limits

  @Test func oneRequestTooManyInFlightIsRefusedBeforeTheHandlerSeesIt() {
    let keeper = Keeper()
    var limits = Limits()
    #expect(limits.requestsInFlight == 10_000)
    limits.requestsInFlight = 3
    let running = Running(keeper.handler, limits: limits)
    for id in 1...4 { running.transport.send(call("\(id)", "later")) }
    let refused = running.transport.waitForReceived { $0.isEmpty ? nil : $0 }
    let error = json(refused ?? "")
    #expect(error["id"] == 4)
    #expect(error["error"] == ["code": 7, "message": "3 in flight"], "what the handler says")
    #expect(keeper.kept.value.count == 3)
    keeper.kept.value[1].result { _ in }
    running.transport.send(call("5", "later"))
    _ = keeper.kept.wait { $0.count == 4 ? true : nil }
    #expect(keeper.kept.value.count == 4)
    for pending in keeper.kept.value { pending.result { _ in } }
    #expect(running.finish().count == 5)
  }

  // MARK: - Batches

  @Test func aBatchIsAnsweredWhenAllOfItIs() {
    let keeper = Keeper()
    let running = Running(keeper.handler)
    let batch = [call("1", "later"), call("2", "now"), "5\n", call("3", "later")].map { $0.dropLast() }
    running.transport.send("[" + batch.joined(separator: ",") + "]\n" + call("4", "now"))
    _ = running.transport.waitForReceived { $0.isEmpty ? nil : true }
    #expect(running.transport.received == result("4", #""now""#) + "\n")
    let pending = keeper.kept.value
    #expect(pending.count == 2)
    pending[1].result { $0.value(3) }
    #expect(running.transport.received == result("4", #""now""#) + "\n")
    pending[0].result { $0.value(1) }
    let members = [result("1", "1"), result("2", #""now""#), invalidRequest(), result("3", "3")]
    #expect(running.finish() == [result("4", #""now""#), "[" + members.joined(separator: ",") + "]"])
  }

  @Test func aBatchAnsweredWhileSettlingKeepsItsPlace() {
    let keeper = Keeper()
    var handler = keeper.handler
    handler.onSettle = { for pending in keeper.kept.value { pending.result { $0.value(1) } } }
    let found = replies(to: "[\(call("1", "later").dropLast())]\n" + call("2", "now"), handler: handler)
    #expect(found == ["[\(result("1", "1"))]", result("2", #""now""#)])
  }

  // MARK: - Notifications

  @Test func progressComesBeforeTheReplyAndNeverAfter() {
    let keeper = Keeper()
    let running = Running(keeper.handler)
    running.transport.send(call("1", "later") + "[\(call("2", "later").dropLast())]\n")
    _ = keeper.kept.wait { $0.count == 2 ? true : nil }
    let progress = #"{"jsonrpc":"2.0","method":"$/progress","params":{"token":1}}"#
    for pending in keeper.kept.value {
      #expect(pending.notify("$/progress") { $0.value(["token": 1] as JSONValue) })
      pending.result { _ in }
      #expect(!pending.notify("$/progress") { $0.value(["token": 1] as JSONValue) })
    }
    #expect(running.finish() == [progress, result("1", "null"), progress, "[\(result("2", "null"))]"])
  }

  @Test func progressSentWhileSettlingStandsBeforeItsReply() {
    let keeper = Keeper()
    var handler = keeper.handler
    handler.onSettle = {
      for pending in keeper.kept.value {
        pending.notify("p") { $0.value([] as JSONValue) }
        pending.result { _ in }
      }
    }
    let found = replies(to: call("1", "later") + call("2", "now"), handler: handler)
    #expect(
      found == [#"{"jsonrpc":"2.0","method":"p","params":[]}"#, result("1", "null"), result("2", #""now""#)])
  }

  @Test func aNotificationFollowsTheRepliesGivenBeforeIt() {
    let connection = Shared<Connection?>(nil)
    let running = Running(
      Handler(onRequest: { request, reply in
        let method = request.method
        reply.result { $0.value(method) }
        connection.value?.notify("after") { _ in }
      }))
    connection.set(running.connection)
    running.transport.send(call("1", "a") + call("2", "b"))
    let after = #"{"jsonrpc":"2.0","method":"after","params":null}"#
    #expect(running.finish() == [result("1", #""a""#), after, result("2", #""b""#), after])
    #expect(running.transport.writes.count == 1)
    connection.set(nil)
  }

  /// A body may call the connection: no lock is held.
  @Test func aBodyMayUseTheConnection() {
    let keeper = Keeper()
    let running = Running(keeper.handler)
    running.transport.send(call("1", "later"))
    let pending = keeper.kept.wait { $0.first }
    pending?.result { writer in
      running.connection.notify("inner") { _ in running.connection.cancel(99) }
      writer.value(1)
    }
    #expect(Set(running.finish()) == [#"{"jsonrpc":"2.0","method":"inner","params":null}"#, result("1", "1")])
  }

  @Test func notificationsUseTheFramingOfTheRequests() {
    let connection = Shared<Connection?>(nil)
    let transport = MemoryTransport()
    let handler = Handler(onNotification: { _ in connection.value?.notify("n") { $0.value([1] as JSONValue) } })
    let joined = Connection(transport: transport, handler: handler)
    connection.set(joined)
    transport.send(framed(#"{"jsonrpc":"2.0","method":"m"}"#, .header))
    transport.endInput()
    _ = joined.run()
    #expect(transport.writes == [framed(#"{"jsonrpc":"2.0","method":"n","params":[1]}"#, .header)])
    connection.set(nil)
  }

  // MARK: - The end

  @Test func stopReadingLeavesTheRestUnread() {
    let connection = Shared<Connection?>(nil)
    let seen = Shared<[String]>([])
    let transport = MemoryTransport()
    let handler = Handler(
      onRequest: { request, reply in
        let method = request.method
        seen.change { $0.append(method) }
        reply.result { _ in }
      },
      onNotification: { _ in connection.value?.stopReading() })
    let joined = Connection(transport: transport, handler: handler)
    connection.set(joined)
    transport.send(call("1", "a") + #"{"jsonrpc":"2.0","method":"exit"}"# + "\n" + call("2", "b"))
    #expect(joined.run() == .stopped)
    #expect(seen.value == ["a"])
    #expect(transport.received == result("1", "null") + "\n")
    connection.set(nil)
  }

  @Test func aLastLineWithoutLineFeedIsServed() {
    #expect(replies(to: String(call("1").dropLast())) == [result("1", #""echo""#)])
    #expect(messages(in: exchange(Array("Content-Length: 9\r\n\r\n{".utf8)), .header) == [parseError])
  }
}
