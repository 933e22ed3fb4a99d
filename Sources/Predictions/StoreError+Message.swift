extension StoreError {
  /// One sentence for people.
  public var message: String {
    switch self {
    case .notFound: "There is no such prediction."
    case .illegal(let error): "The prediction is \(error.status.rawValue); that cannot be done to it any more."
    case .badCursor: "The cursor is not one that this query gave."
    case .failed(let message, _): message
    }
  }
}
