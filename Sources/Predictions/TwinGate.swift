/// Decides whether an item of a provider's history may be adopted by a prediction, or may belong to another one.
///
/// A POST with an unknown outcome may have made any item that appeared in its window and that its input does not
/// contradict. While another prediction has such a POST, the item is not adopted.
public enum TwinGate {
  /// Another prediction's POST on the same account, with an unknown outcome.
  public struct OpenSend: Sendable, Equatable {
    /// The model; `nil` where it was not recorded (before schema version 6).
    public var model: String?
    /// The comparable parts of its input; `nil` where they were not recorded.
    public var likeness: Likeness?
    /// When the provider may have received it, by the provider's clock, in milliseconds since 1970.
    public var window: ClosedRange<Int64>

    /// A POST.
    public init(model: String?, likeness: Likeness?, window: ClosedRange<Int64>) {
      self.model = model
      self.likeness = likeness
      self.window = window
    }
  }

  /// Whether another POST may have made the item.
  ///
  /// - Parameters:
  ///   - model: the model of the prediction for which the item was found.
  ///   - ours: the likeness of that prediction; used for the item where the history shows no input.
  public static func holdsBack(
    _ match: HistoryMatch, model: String, ours: Likeness?, others: [OpenSend]
  ) -> Bool {
    !match.isNamed
      && others.contains { other in
        guard other.window.contains(match.createdAt), other.model == nil || other.model == model else { return false }
        guard let likeness = other.likeness, let item = match.likeness ?? ours else { return true }
        return likeness.couldHaveMade(item)
      }
  }

  /// Whether an item that was found for a queued prediction, sent from a later state of the database, may belong to
  /// another queued one. Not where both inputs are equal: then either may have it.
  ///
  /// - Parameter queued: the other queued predictions of the account and model whose accepting processes have exited.
  public static func isDisputed(_ match: HistoryMatch, ours: Likeness?, queued: [Likeness?]) -> Bool {
    !match.isNamed
      && queued.contains { other in
        guard let other, let ours, let item = match.likeness else { return true }
        return other.couldHaveMade(item) && !(other == ours && ours.isWhole)
      }
  }
}
