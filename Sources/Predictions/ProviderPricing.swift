public import JSON

/// Prices and balances. Requests are free.
public protocol ProviderPricing: Sendable {
  /// Requests the price of a prediction.
  ///
  /// - Parameter milliseconds: how long the answer may take.
  func quote(
    model: String, input: JSONObject, atMost milliseconds: Int64,
    completion: @escaping @Sendable (Result<Quote, ProviderError>) -> Void)

  /// Requests the balance of the account.
  func balance(completion: @escaping @Sendable (Result<Balance, ProviderError>) -> Void)
}

extension ProviderPricing {
  /// Requests the price of a prediction; the answer may take half a minute.
  public func quote(
    model: String, input: JSONObject, completion: @escaping @Sendable (Result<Quote, ProviderError>) -> Void
  ) {
    quote(model: model, input: input, atMost: 30_000, completion: completion)
  }
}

/// What single predictions were billed. Requests are free.
public protocol ProviderBills: Sendable {
  /// Requests the net amounts, charges less refunds, of several predictions at once.
  ///
  /// - Parameter remoteIDs: at most 50.
  /// - Returns: through the completion, millionths of a dollar by remote id; those that the bill does not have yet are
  ///   missing.
  func bills(
    of remoteIDs: [String], completion: @escaping @Sendable (Result<[String: Int64], ProviderError>) -> Void)
}

/// The price of a prediction.
public struct Quote: Sendable, Equatable {
  /// In millionths of the currency.
  public var micros: Int64
  /// ISO 4217: `USD`.
  public var currency: String
  /// Whether it is the amount that will be billed; otherwise an estimate.
  public var isExact: Bool
  /// The fields of the input that decide the price and were not given, so that more may be billed; `nil` where that was not
  /// compared with the catalogue.
  public var missing: [String]?

  /// A quote.
  public init(micros: Int64, currency: String, isExact: Bool, missing: [String]? = nil) {
    self.micros = micros
    self.currency = currency
    self.isExact = isExact
    self.missing = missing
  }
}

/// The balance of an account.
public struct Balance: Sendable, Equatable {
  /// In millionths of the currency.
  public var micros: Int64
  /// ISO 4217: `USD`.
  public var currency: String

  /// A balance.
  public init(micros: Int64, currency: String) {
    self.micros = micros
    self.currency = currency
  }
}
