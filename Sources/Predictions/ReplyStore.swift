/// Stores replies to paid requests: those with images that exist nowhere else, before they are read, and those that cannot be
/// read.
///
/// A provider without a history sends its image once, inside the reply to the paid request. Without this store, the
/// reply would be only in memory until the image is a file.
public protocol ReplyStore: Sendable {
  /// Stores a reply; durable when this returns.
  func keep(_ reply: StoredReply, of prediction: Prediction) throws(OutputError)

  /// The stored reply of a prediction, by any process; `nil` where there is none.
  func reply(of prediction: Prediction) -> StoredReply?

  /// Whether a reply of a prediction is stored.
  func has(_ prediction: Prediction) -> Bool

  /// Whether no reply is stored. Reads a directory.
  var isEmpty: Bool { get }

  /// Removes the reply of a prediction whose files are saved, or whose reply is kept unread.
  func discard(_ prediction: Prediction)

  /// Keeps a reply that this version cannot read until the prediction is deleted; durable when this returns. No search
  /// finds it.
  ///
  /// - Returns: its path.
  func keepUnread(_ reply: StoredReply, of prediction: Prediction) throws(OutputError) -> String

  /// The newest reply of a prediction that was kept unread, by any process; `nil` where there is none.
  func unreadReply(of prediction: Prediction) -> StoredReply?

  /// Predictions with an unread reply that another version kept, and that this version has not read again. Reads a directory.
  var repliesOfOtherVersions: [PredictionID] { get }

  /// Notes that this version reads the unread reply of a prediction again; to be called before it is read, so that a reply
  /// that ends the process is read once.
  ///
  /// - Returns: false where that is noted already, or cannot be.
  func noteReread(of prediction: Prediction) -> Bool
}

extension ReplyStore {
  /// None, in a store of one version.
  public var repliesOfOtherVersions: [PredictionID] { [] }
  /// Never, in a store of one version.
  public func noteReread(of prediction: Prediction) -> Bool { false }
}

/// The body of a reply to a paid request.
public struct StoredReply: Sendable, Equatable {
  /// Its bytes, as they came.
  public var body: [UInt8]
  /// Whether all of it arrived.
  public var isWhole: Bool

  /// A reply.
  public init(_ body: [UInt8], isWhole: Bool = true) {
    self.body = body
    self.isWhole = isWhole
  }
}
