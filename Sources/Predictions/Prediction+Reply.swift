/// What the state of a prediction says about its provider's reply, which an `ReplyStore` keeps.
extension Prediction {
  /// Whether a process may be storing the reply now. A prediction enters these phases once, and recovery ends them where
  /// the process has exited.
  public var mayReceiveReply: Bool { phase == .sending || phase == .settling }

  /// Whether a stored reply is of no more use. It is of use where the download may be tried again, where it is unknown
  /// what became of the request, and after a cancel, which the images may still follow.
  public var needsNoReply: Bool {
    guard phase == nil else { return false }
    return switch status {
    case .completed, .failed: failure?.kind != .downloadFailed
    case .cancelled: !files.isEmpty
    case .created, .processing, .unknown: false
    }
  }
}
