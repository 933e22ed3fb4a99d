internal import JSON
internal import Threads

/// What things cost, and what may be spent.
extension PredictionEngine {
  /// Why a question about money has no answer.
  public enum PriceError: Error, Sendable, Equatable {
    /// The call named something that is not there.
    case submit(SubmitError)
    /// The provider has no such question.
    case noPricing(provider: String)
    /// The provider did not answer.
    case provider(ProviderError)
  }

  /// What a prediction would cost. Spends nothing.
  public func quote(
    _ request: PredictionRequest, completion: @escaping @Sendable (Result<Quote, PriceError>) -> Void
  ) throws(PriceError) {
    let (provider, pricing) = try pricing(of: request.provider)
    let model = request.model ?? defaults.model ?? provider.defaultModel
    pricing.quote(model: model, input: request.input) { [self] result in
      note(result, provider.name, model, request.input)
      completion(result.mapError { .provider($0) })
    }
  }

  /// What is left on a provider's account.
  public func balance(
    of provider: String?, completion: @escaping @Sendable (Result<Balance, PriceError>) -> Void
  ) throws(PriceError) {
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

  private func note(_ result: Result<Quote, ProviderError>, _ provider: String, _ model: String, _ input: JSONObject) {
    // Limits are in dollars; a price in anything else is no price to them.
    guard case .success(let quote) = result, quote.currency == "USD" else { return }
    let now = time.now.steady
    state.withLock { $0.prices.note(quote.micros, provider, model, input, now: now) }
  }

  // MARK: - Limits

  /// What an order will cost, where that is known at once.
  ///
  /// - Throws: `.overBudget` where it is more than allowed, and no idempotency key may name one that exists already. What
  ///   is not known now is asked before it is sent.
  func estimate(
    for request: PredictionRequest, model: String, from provider: any Provider
  ) throws(SubmitError) -> Int64? {
    if provider.isEmbedded { return 0 }
    let now = time.now
    guard
      let micros = state.withLock({ $0.prices.micros(provider.name, model, request.input, now: now.steady) })
    else { return nil }
    guard request.idempotencyKey == nil else { return micros }
    let budget = Budget(
      maxCost: request.maxCostMicros, maxSpend: provider.isLimited ? limits.maxSpendMicros : nil)
    let reason = budget.excess(of: micros) {
      (try? store.spending(of: provider.account, since: Money.startOfDay(now.wall))) ?? 0
    }
    if let reason { throw .overBudget(reason: reason) }
    return micros
  }

  /// Money is limited and the next in the queue has no price yet: asks for it, and lets the queue go on.
  func price(_ prediction: Prediction, at provider: any Provider) {
    let id = prediction.id
    let goOn: @Sendable () -> Void = { [self] in
      react(.claimCleared(account: prediction.account))
      wakeDrain()
    }
    guard let pricing = provider.pricing, let input = (try? JSONValue(parsing: prediction.input ?? []))?.object else {
      return record(
        id, .overBudget(reason: "There is a limit, and this provider cannot say what it would cost."), by: nil,
        completion: goOn)
    }
    // With the files' addresses: not even the price is asked with what a file is called here.
    let uploaded = state.withLock { $0.uploaded[id] }.flatMap { (try? JSONValue(parsing: $0.input))?.object }
    pricing.quote(model: prediction.model, input: uploaded ?? input) { [self] result in
      note(result, provider.name, prediction.model, input)
      switch result {
      case .success(let quote) where quote.currency == "USD":
        record(id, .priced(quote.micros), by: nil, completion: goOn)
      case .success(let quote):
        record(
          id, .overBudget(reason: "There is a limit in dollars, and it would cost \(quote.currency)."), by: nil,
          completion: goOn)
      case .failure(let error) where error.kind != nil:
        record(
          id,
          .priceRefused(
            PredictionFailure(
              error.kind!, retryable: false, message: "\(error.message) Nothing was sent and nothing is billed.",
              hint: error.hint)), by: nil, completion: goOn)
      case .failure(let error):
        record(
          id, .overBudget(reason: "There is a limit, and its price could not be learned: \(error.message)"), by: nil,
          completion: goOn)
      }
    }
  }
}
