/// Decides whether an item of a provider's history may be given to a prediction, or could as well be another's.
///
/// A POST whose outcome is not known could have made any item that appeared in its time and that its input does not
/// contradict. While there is such a POST besides the prediction's own, the item is nobody's.
public enum TwinGate {
  /// Another prediction's POST, of the same account, whose outcome is not known.
  public struct OpenSend: Sendable, Equatable {
    /// `nil` where it was not recorded, as before table version 6.
    public var model: String?
    /// `nil` where it was not recorded.
    public var likeness: Likeness?
    /// When the provider can have received it, by the provider's clock, in milliseconds since 1970.
    public var window: ClosedRange<Int64>

    /// A POST.
    public init(model: String?, likeness: Likeness?, window: ClosedRange<Int64>) {
      self.model = model
      self.likeness = likeness
      self.window = window
    }
  }

  /// Whether another POST could have made what was found.
  ///
  /// - Parameters:
  ///   - model: of the prediction for which it was found.
  ///   - ours: the likeness of that prediction; stands for the item where the history shows no input.
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

  /// Whether what was found for a queued prediction, sent from a later state of the table, could as well have been made
  /// for another one in the queue. Not where both were sent as the same: then either may have it.
  ///
  /// - Parameter queued: the other ones of the account and model whose accepting processes have exited.
  public static func isDisputed(_ match: HistoryMatch, ours: Likeness?, queued: [Likeness?]) -> Bool {
    !match.isNamed
      && queued.contains { other in
        guard let other, let ours, let item = match.likeness else { return true }
        return other.couldHaveMade(item) && !(other == ours && ours.isWhole)
      }
  }
}
