/// Answers that hold a picture which exists nowhere else: kept on disk before they are read.
///
/// A provider without a history sends its picture once, inside the reply to the paid request. Between the last byte of
/// that reply and the picture's file lies only memory, unless it is here.
public protocol ReplyStore: Sendable {
  /// Keeps the body of an answer; durable when this returns.
  func keep(_ body: [UInt8], of prediction: Prediction) throws(OutputError)

  /// What was kept for a prediction, by whichever process; `nil` where nothing was.
  func body(of prediction: Prediction) -> [UInt8]?

  /// Whether anything whole is kept for a prediction.
  func has(_ prediction: Prediction) -> Bool

  /// Whether anything is kept for anybody.
  var isEmpty: Bool { get }

  /// Lets go of what was kept: its files are saved.
  func discard(_ prediction: Prediction)
}
