internal import Encoding
internal import JSON
internal import JSONRPC
internal import Predictions
internal import Threads

/// A model's request for an image on its way to the engine: the user is asked first where it costs more than
/// `--confirm-above`, and where the caps of agents are reached.
///
/// An equal request that was made before is answered without a question.
struct MCPOrder: Sendable {
  let toolCall: MCPToolCall
  let agent: MCPAgent
  var request: PredictionRequest
  /// Whether the read is over in which the call arrived.
  var isLate: Bool
  let accepted: @Sendable (PredictionEngine.Accepted) -> Void

  /// How long the provider may take to say a price, in milliseconds. Without one the user is asked all the same.
  private static let pricePatience: Int64 = 10_000

  /// The price that the user has approved.
  private var approval: MCPQuestion?
  /// Whether the user has granted more in this call; a second question would be a nuisance.
  private var hasGrant = false

  init(
    _ request: PredictionRequest, of toolCall: MCPToolCall, as agent: MCPAgent, isLate: Bool,
    accepted: @escaping @Sendable (PredictionEngine.Accepted) -> Void
  ) {
    self.toolCall = toolCall
    self.agent = agent
    self.request = request
    self.isLate = isLate
    self.accepted = accepted
  }

  /// What stands between a request and its acceptance.
  private struct Hurdle {
    var question: MCPQuestion
    /// What the model is told where the question cannot be asked.
    var refusal: BudgetRefusal
    /// What the user is asked.
    var message: SafeText
  }

  private var call: MCPCall { toolCall.call }
  private var service: Service { call.service }
  private var engine: PredictionEngine { agent.engine }

  /// Submits the request.
  func begin() throws(RPCError) {
    let limit = service.host.confirmAbove
    guard engine.mayCost(at: request.provider), limit != nil || call.canAsk else { return try submit(nil) }
    // The engine asks for a price only before the POST, which is too late for a question. Without a limit the price matters
    // near the cap.
    guard approval == nil, limit != nil || engine.agentWarning(for: request) != nil else {
      return try submit(capHurdle(price: request.maxCostMicros))
    }
    // The end of input answers a call that waits for a price.
    call.remains([], in: engine) { toolCall.refuse(.inputEnded) }
    do throws(PredictionEngine.PriceError) {
      try engine.quote(request, atMost: min(call.usualWait, Self.pricePatience)) { result in
        var order = self
        order.isLate = true
        order.proceed { order throws(RPCError) in try order.judge(result) }
      }
    } catch {
      guard case .noPricing = error else { throw .price(error) }
      try judge(.failure(error))
    }
  }

  /// Goes on with a known or unknown price.
  private func judge(_ quote: Result<Quote, PredictionEngine.PriceError>) throws(RPCError) {
    let quoted = try? quote.get()
    let price = quoted?.currency == "USD" ? quoted?.micros : nil
    var order = self
    guard let limit = service.host.confirmAbove else { return try submit(capHurdle(price: price)) }
    // With fields missing that decide the price, a quote is the least that is billed.
    let missing = quoted?.missing ?? []
    if let price, price <= limit, missing.isEmpty {
      // A price that rises before the POST must not pass the question.
      order.limit(to: limit)
      return try order.submit(order.capHurdle(price: price))
    }
    if let price {
      if request.maxCostMicros == nil { order.request.allowsEstimates = true }
      order.limit(to: price)
    }
    let how: SafeText = missing.isEmpty ? quoted?.isExact == true ? "" : "about " : "at least "
    let cost: SafeText = price.map { "\(how)\(Money.dollars($0))" } ?? "an unknown price"
    let fact: SafeText = price.map { "It would cost \(how)\(Money.dollars($0))" } ?? "Its price is not known"
    let why: SafeText? = missing.isEmpty ? nil : "The price also depends on \(listed(missing))."
    try order.submit(
      Hurdle(
        question: .price(digest: digest, micros: price),
        refusal: BudgetRefusal(
          sentences("\(fact), and the user confirms what costs more than \(Money.dollars(limit)).", why?.description),
          hint: "This host cannot ask the user. Tell the user, who may raise --confirm-above."),
        message: .joined(
          ["Make \(things) for \(cost) with \(model)?", why, SafeText(prompt, atMost: 300)].compactMap { $0 },
          separator: " ")))
  }

  private var prompt: String { request.input["prompt"]?.string ?? "" }

  private var model: SafeText { SafeText(request.model ?? engine.usualModels.first ?? "", atMost: 100) }

  /// What is made, and of what, in words.
  private var things: SafeText {
    let count = RequestedImages.count(in: request.input)
    let files = FileReferences.find(in: request.input).count
    let outputs = ((try? OutputReferences.find(in: request.input)) ?? []).count
    let sources = files + outputs
    let made: SafeText = count == 1 ? "an image" : "\(counted(count, "image"))"
    return sources == 0 ? made : "\(made) from \(counted(Int64(sources), "image"))"
  }

  /// Of what decides the image: with the content of its files, and not with the way in which the call spells it.
  private var digest: [UInt8] {
    let place = [agent.agent.id, request.model ?? "", request.outputDirectory ?? "", request.outputName ?? ""]
    return SHA256.hash(
      JSONValue.object(request.input).canonical { $0 }.serialized + Array(place.joined(separator: "\0").utf8))
  }

  private mutating func limit(to micros: Int64) {
    request.maxCostMicros = min(request.maxCostMicros ?? .max, micros)
  }

  private func capHurdle(price: Int64?) -> Hurdle? {
    guard call.canAsk, !hasGrant, let (refusal, grant) = engine.agentGrant(for: request, price: price) else {
      return nil
    }
    let message: SafeText = "\(refusal.reason) Allow \(grant.amount) more until \(grant.reset)?"
    return Hurdle(question: .grant(grant), refusal: refusal, message: message)
  }

  private func submit(_ hurdle: Hurdle?) throws(RPCError) {
    guard isLate else { return submitNow(hurdle) }
    service.mcp.orders.async { if !call.isOver { submitNow(hurdle) } }
  }

  private func submitNow(_ hurdle: Hurdle?) {
    var request = request
    request.refusal = hurdle?.refusal
    request.repeats?.skipped = service.mcp.images { $0.submit(ObjectIdentifier(call)) }
    let failed: @Sendable (SubmitError) -> Void = { error in
      guard let hurdle, case .overBudget(hurdle.refusal) = error else { return toolCall.refuse(.submit(error)) }
      ask(hurdle)
    }
    do throws(SubmitError) {
      try agent.submit(request, isLate: isLate) { result in
        switch result {
        case .success(let accepted): self.accepted(accepted)
        case .failure(let error): failed(error)
        }
      }
    } catch {
      failed(error)
    }
  }

  // MARK: - The question

  private func ask(_ hurdle: Hurdle) {
    guard call.canAsk else { return toolCall.refuse(.submit(.overBudget(hurdle.refusal))) }
    let isStateless = call.revision.isStateless
    // Nobody reads a question any more.
    if !isStateless, service.mcp.isAtEnd { return toolCall.refuse(.inputEnded) }
    let asker = MCPUser.Asker(call: call) {
      heard($0, of: hurdle)
    } askAgain: {
      // Equal to what was just approved: it may be a repeated call, which needs no question.
      var order = self
      order.isLate = true
      order.proceed { order throws(RPCError) in try order.begin() }
    }
    let step = service.user.take(hurdle.question, for: isStateless ? nil : asker, patience: call.usualWait)
    switch step {
    case .accepted: heard(.accepted, of: hurdle)
    case .declined: heard(.declined, of: hurdle)
    case .tooMany:
      toolCall.refuse(
        RPCError(
          .budgetExceeded,
          sentences(hurdle.refusal.reason, "Too many questions wait for the user. Nothing was sent."), retryable: true,
          hint: "Call again when the user has answered."))
    case .ask(let id) where isStateless, .wait(let id) where isStateless:
      // The next call brings the answer to this question, and needs the earlier yes again.
      if let approval { service.user.giveBack(approval) }
      call.inputRequired(hurdle.message, as: id)
    case .ask(let id): service.request("elicitation/create", id: id) { $0.elicitation(hurdle.message) }
    case .wait: break
    }
  }

  private func heard(_ answer: MCPQuestion.Answer?, of hurdle: Hurdle) {
    guard !call.isOver else { return }
    let reason = hurdle.refusal.reason
    switch answer {
    case .accepted:
      goOn(beyond: hurdle.question)
    case .declined, .dismissed:
      toolCall.refuse(
        RPCError(
          .budgetExceeded, sentences(reason, "The user was asked and did not allow it. Nothing was sent."),
          retryable: false, hint: "Do not try again unless the user asks for it."))
    case nil:
      toolCall.refuse(
        service.mcp.isAtEnd
          ? .inputEnded
          : RPCError(
            .budgetExceeded, sentences(reason, "The user was asked and has not answered yet. Nothing was sent."),
            hint: "Make the same call again when the user has answered; the answer is kept."))
    }
  }

  private func goOn(beyond question: MCPQuestion) {
    var next = self
    next.isLate = true
    switch question {
    case .price:
      next.approval = question
      next.proceed { order throws(RPCError) in try order.begin() }
    case .grant(let grant):
      next.hasGrant = true
      engine.grant(grant) { [next] result in
        next.proceed { order throws(RPCError) in
          if case .failure(let error) = result { throw .storage(error) }
          try order.begin()
        }
      }
    }
  }

  /// Runs a step on another thread than that of the call, whose errors answer the call.
  private func proceed(_ body: (MCPOrder) throws(RPCError) -> Void) {
    guard !call.isOver else { return }
    do throws(RPCError) {
      if service.mcp.isAtEnd { throw .inputEnded }
      try body(self)
    } catch {
      toolCall.refuse(error)
    }
  }
}

extension MCPCall {
  /// Whether the user can be asked.
  var canAsk: Bool { revision.hasElicitation && clientCapabilities.canAsk }

  /// Ends the call with a question; the client makes it again with the answer.
  func inputRequired(_ message: SafeText, as id: String) {
    result(type: "input_required") { json in
      json.name("inputRequests")
      json.beginObject()
      json.name("approval")
      json.beginObject()
      json.name("method")
      json.value("elicitation/create")
      json.name("params")
      json.elicitation(message)
      json.endObject()
      json.endObject()
      json.name("requestState")
      json.value(id)
    }
  }

  /// Takes up the answer that a call brings, if it brings one.
  func hearAnswer() {
    guard revision.isStateless, let id = params["requestState"]?.string else { return }
    service.user.answer(id, params["inputResponses"]?["approval"])
  }
}

extension RPCError {
  /// The client is gone, so nothing is begun for it.
  static var inputEnded: RPCError {
    RPCError(.requestCancelled, "The input ended before the image was requested. Nothing was sent.")
  }
}
