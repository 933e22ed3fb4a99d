internal import JSON
internal import Threads

/// Prices and spending limits.
extension PredictionEngine {
  /// Why a request about prices failed.
  public enum PriceError: Error, Sendable, Equatable {
    /// The call named a provider that does not exist or cannot be used.
    case submit(SubmitError)
    /// The provider quotes no prices.
    case noPricing(provider: String)
    /// The provider did not answer.
    case provider(ProviderError)
  }

  /// The price of a prediction, and the fields that decide it and are missing. Free. No local path is sent.
  ///
  /// - Parameter milliseconds: how long each of the two requests to the provider may take.
  public func quote(
    _ request: PredictionRequest, atMost milliseconds: Int64 = 30_000,
    completion: @escaping @Sendable (Result<Quote, PriceError>) -> Void
  ) throws(PriceError) {
    let (provider, pricing) = try pricing(of: request.provider)
    let completion = reading(completion)
    let id = request.model ?? defaults.model ?? provider.defaultModel
    catalogued(id, at: provider, atMost: milliseconds) { [self] listed in
      let model = try? listed.get()
      let priced = PricedInput(request.input, for: model)
      pricing.quote(model: id, input: priced.shown, atMost: milliseconds) { [self] result in
        let result = result.map { $0.judged(by: priced) }
        // Without its files an input is another one than that of a submit, where they are uploaded.
        if case .success = listed, priced.shown == request.input { note(result, provider, model, id, request.input) }
        completion(result.mapError { .provider($0) })
      }
    }
  }

  /// Whether requests to a provider cost nothing; `nil` is the default one.
  public func isFree(at name: String?) -> Bool { (try? provider(named: name).name) == Prediction.freeProvider }

  /// The balance of a provider's account.
  public func balance(
    of provider: String?, completion: @escaping @Sendable (Result<Balance, PriceError>) -> Void
  ) throws(PriceError) {
    let completion = reading(completion)
    try pricing(of: provider).1.balance { completion($0.mapError { .provider($0) }) }
  }

  private func pricing(of name: String?) throws(PriceError) -> (any Provider, any ProviderPricing) {
    let provider: any Provider
    do throws(SubmitError) {
      provider = try self.provider(named: name)
    } catch {
      throw .submit(error)
    }
    guard let pricing = provider.pricing else { throw .noPricing(provider: provider.name) }
    return (provider, pricing)
  }

  /// Keeps a price, unless it depends on the prompt.
  private func note(
    _ result: Result<Quote, ProviderError>, _ provider: any Provider, _ model: Model?, _ id: String, _ input: JSONObject
  ) {
    // Limits are in dollars; a price in another currency cannot be compared with them.
    guard case .success(let quote) = result, quote.currency == "USD", model?.pricedInputs?.contains("prompt") != true
    else { return }
    let now = time.now.steady
    state.withLock { $0.prices.note(quote, provider.name, id, input, now: now) }
  }

  // MARK: - Limits

  /// The price of a request in millionths of a dollar, where it is known already; otherwise it is requested before the
  /// prediction is sent.
  ///
  /// - Parameter isChained: whether the input names outputs of other predictions.
  /// - Throws: `.overBudget` where the price is more than allowed or can never be known. Not where an existing prediction may
  ///   answer the request; then it is judged before it is sent.
  func estimate(
    for request: PredictionRequest, model: String, from provider: any Provider, isChained: Bool
  ) throws(SubmitError) -> Int64? {
    if provider.isEmbedded { return 0 }
    let now = time.now
    // The price of an input with outputs of others is asked when they are there.
    var known =
      isChained
      ? nil : state.withLock { $0.prices.quote(provider.name, model, request.input, now: now.steady) }
    if let quote = known, request.maxCostMicros != nil, !request.allowsEstimates, quote.missing != [] {
      if quote.missing != nil, !request.mayBeKnown { throw .overBudget(.estimate(quote)) }
      known = nil
    }
    let micros = known?.micros
    guard !request.mayBeKnown else { return micros }
    // The store applies the caps for agents, because it also knows the queued requests.
    let policy = SpendingPolicy(
      maxCost: request.maxCostMicros, maxSpend: provider.isLimited ? limits.maxSpendMicros : nil,
      isStrict: limits.isSpendingStrict, provider: provider.name, hasPrices: provider.pricing != nil)
    let verdict = policy.verdict(
      model: model, price: micros.map { .known($0) } ?? .unasked, images: RequestedImages.count(in: request.input),
      reset: time.clock(Money.endOfDay(now.wall))
    ) {
      (try? store.ledger(of: provider.account)) ?? Ledger()
    }
    if case .refused(let refusal) = verdict { throw .overBudget(refusal) }
    return micros
  }

  /// Requests the price of the next queued prediction, which a limit needs, and continues the queue.
  func price(_ prediction: Prediction, at provider: any Provider) {
    let id = prediction.id
    let goOn: @Sendable () -> Void = { [self] in
      react(.claimCleared(account: prediction.account))
      wakeDrain()
    }
    let goOnWithout: @Sendable (String) -> Void = { [self] reason in
      state.withLock { $0.unpriced[prediction.account, default: [:]][id] = reason }
      goOn()
    }
    guard let pricing = provider.pricing, let input = (try? JSONValue(parsing: prediction.input ?? []))?.object else {
      return goOnWithout("Its input cannot be read.")
    }
    // With the files' addresses: local paths are not sent to the provider, not even for a price.
    let uploaded = state.withLock { $0.uploads.input(of: id) }.flatMap { (try? JSONValue(parsing: $0))?.object }
    guard uploaded != nil || !prediction.awaitsAddresses else { return goOn() }
    let refusesEstimates = prediction.maxCostMicros != nil && !prediction.allowsEstimates
    let settle: @Sendable (Result<Quote, ProviderError>) -> Void = { [self] result in
      switch result {
      case .success(let quote) where quote.currency != "USD":
        goOnWithout("It is in \(quote.currency), and the limit is in dollars.")
      case .success(let quote):
        let isRefused = refusesEstimates && quote.missing?.isEmpty == false
        record(id, isRefused ? .overBudget(.estimate(quote)) : .priced(quote.micros), by: nil, completion: goOn)
      case .failure(let error) where error.kind != nil:
        record(
          id,
          .priceRefused(
            PredictionFailure(
              error.kind!, retryable: false,
              message: sentences(error.message, "Nothing was sent and nothing is billed."),
              hint: error.hint)), by: nil, completion: goOn)
      case .failure(let error): goOnWithout(error.message)
      }
    }
    guard refusesEstimates else {
      return pricing.quote(model: prediction.model, input: uploaded ?? input) { [self] result in
        if prediction.references == .none { note(result, provider, nil, prediction.model, input) }
        settle(result)
      }
    }
    catalogued(prediction.model, at: provider) { [self] listed in
      switch listed {
      case .failure(let error): settle(.failure(error))
      case .success(let model):
        let priced = PricedInput(uploaded ?? input, for: model)
        pricing.quote(model: prediction.model, input: priced.shown) { [self] result in
          let result = result.map { $0.judged(by: priced) }
          if prediction.references == .none { note(result, provider, model, prediction.model, input) }
          settle(result)
        }
      }
    }
  }
}

extension Quote {
  /// The same price, with what is missing from the input.
  func judged(by input: PricedInput) -> Quote {
    var quote = self
    quote.missing = input.missing
    quote.isExact = input.missing.isEmpty && (isExact || input.isKnown)
    return quote
  }
}

extension BudgetRefusal {
  /// `max_cost` is set, and a price is only an estimate.
  static func estimate(_ quote: Quote) -> BudgetRefusal {
    let fields = listed(quote.missing ?? [])
    return BudgetRefusal(
      "The price of \(Money.dollars(quote.micros)) is an estimate, because \(fields) also decides it and is missing; "
        + "max_cost is set.",
      hint: "Give \(fields) in input, or set max_cost_estimates (--max-cost-estimates) to go by the estimate.")
  }
}
