/// Stores replies with images that exist nowhere else, before they are read.
///
/// A provider without a history sends its image once, inside the reply to the paid request. Without this store, the
/// reply would be only in memory until the image is a file.
public protocol ReplyStore: Sendable {
  /// Stores the body of a reply; durable when this returns.
  func keep(_ body: [UInt8], of prediction: Prediction) throws(OutputError)

  /// The stored reply of a prediction, by any process; `nil` where there is none.
  func body(of prediction: Prediction) -> [UInt8]?

  /// Whether a complete reply of a prediction is stored.
  func has(_ prediction: Prediction) -> Bool

  /// Whether no complete reply is stored. Reads a directory.
  var isEmpty: Bool { get }

  /// Removes the reply of a prediction whose files are saved.
  func discard(_ prediction: Prediction)
}
