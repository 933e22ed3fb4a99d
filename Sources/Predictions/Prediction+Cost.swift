/// What a prediction costs, as far as it is known.
public struct Cost: Sendable, Equatable {
  /// How an amount is known.
  public enum Source: String, Sendable, CaseIterable {
    /// The provider's price, asked before it was sent, for what it has finished since.
    case quoted
    /// The provider's bill.
    case billed
    /// The provider's price for what it has not finished, or what its documentation says of a failure.
    case estimated
    /// Nothing is billed: the sandbox drew it, it was not sent, or it was refused.
    case none
  }

  /// In millionths of a dollar.
  public var micros: Int64
  /// How it is known.
  public var source: Source

  /// ISO 4217. All amounts are in it.
  public static let currency = "USD"

  /// An amount.
  public init(micros: Int64, source: Source) {
    self.micros = micros
    self.source = source
  }
}

extension Prediction {
  /// What it costs; `nil` where that is not known.
  public var cost: Cost? {
    if isFree || billing == .none && status.isTerminal { return Cost(micros: 0, source: .none) }
    if let costMicros {
      return Cost(micros: costMicros, source: isBilled ? .billed : billing == .charged ? .quoted : .estimated)
    }
    return estimateMicros.map { Cost(micros: $0, source: .estimated) }
  }

  /// Whether its bill may be asked for: it is over, the provider knows it, and has not said yet what it cost.
  public var awaitsBill: Bool { phase == nil && remoteID != nil && !isFree && !isBilled && billing != .none }
}
