/// The filter of a list. Conditions that are `nil` do not restrict it.
public struct ListQuery: Sendable, Equatable {
  /// Only of this status.
  public var status: PredictionStatus?
  /// Only of this provider.
  public var provider: String?
  /// Only of this model.
  public var model: String?
  /// Only with this tag.
  public var tag: String?
  /// Only predictions that this agent may see.
  public var agent: Agent?
  /// Only where the prompt contains this text, ignoring case.
  public var text: String?
  /// Only where a saved file has this SHA-256, 32 bytes.
  public var fileDigest: [UInt8]?
  /// Only accepted at or after this: milliseconds since 1970.
  public var createdAfter: Int64?
  /// Only accepted before this: milliseconds since 1970.
  public var createdBefore: Int64?
  /// How many at most, 1 to 500.
  public var limit: Int
  /// The `nextCursor` of the page before.
  public var cursor: String?

  /// All, newest first.
  public init(limit: Int = 50) {
    self.limit = limit
  }
}

/// A page of predictions.
public struct ListPage: Sendable, Equatable {
  /// Newest first.
  public var predictions: [Prediction]
  /// The cursor after each prediction, so that a caller that shows fewer can continue from there.
  public var cursors: [String]
  /// The cursor of the next page; `nil` at the end. A page may be short, even empty, before the end.
  public var nextCursor: String?

  /// A page.
  public init(predictions: [Prediction], cursors: [String], nextCursor: String?) {
    self.predictions = predictions
    self.cursors = cursors
    self.nextCursor = nextCursor
  }
}
