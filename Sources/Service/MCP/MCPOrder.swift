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

  private var call: MCPCall { toolCall.call }
  private var service: Service { call.service }
  private var engine: PredictionEngine { agent.engine }

  /// Submits the request.
  func begin() throws(RPCError) {
    let limit = service.host.confirmAbove
    guard !engine.isFree(at: request.provider), limit != nil || call.canAsk else { return try submit(nil) }
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
    try order.submit(
      .price(
        price, isExact: quoted?.isExact == true, missing: missing, limit: limit, of: request, digest: digest,
        model: request.model ?? engine.usualModels.first ?? ""))
  }

  /// Of what decides the image: with the content of its files, and not with the way in which the call spells it.
  private var digest: [UInt8] {
    let place = [agent.agent.id, request.outputDirectory ?? "", request.outputName ?? ""].joined(separator: "\0")
    return SHA256.hash(
      Fingerprint.of(
        provider: request.provider ?? "", model: request.model ?? "", input: request.input, sendsFiles: request.upload)
        + Array(place.utf8))
  }

  private mutating func limit(to micros: Int64) {
    request.maxCostMicros = min(request.maxCostMicros ?? .max, micros)
  }

  private func capHurdle(price: Int64?) -> MCPHurdle? {
    guard call.canAsk, !hasGrant, let (refusal, grant) = engine.agentGrant(for: request, price: price) else {
      return nil
    }
    return .grant(grant, refusal)
  }

  private func submit(_ hurdle: MCPHurdle?) throws(RPCError) {
    guard isLate else { return submitNow(hurdle) }
    service.mcp.orders.async { if !call.isOver { submitNow(hurdle) } }
  }

  private func submitNow(_ hurdle: MCPHurdle?) {
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

  private func ask(_ hurdle: MCPHurdle) {
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
      call.needs("approval", .elicitation(hurdle.message), state: id)
    case .ask(let id): service.request(.elicitation(hurdle.message), id: id)
    case .wait: break
    }
  }

  private func heard(_ answer: MCPQuestion.Answer?, of hurdle: MCPHurdle) {
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

  /// Takes up the answer that a call brings, if it brings one.
  func hearAnswer() {
    guard revision.isStateless, let id = params["requestState"]?.string else { return }
    service.user.answer(id, answer(to: "approval"))
  }
}

extension RPCError {
  /// The client is gone, so nothing is begun for it.
  static var inputEnded: RPCError {
    RPCError(.requestCancelled, "The input ended before the image was requested. Nothing was sent.")
  }
}
