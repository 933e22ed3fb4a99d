/// Which predictions need their provider's reply, which a `ReplyStore` keeps.
extension Prediction {
  /// Whether a process may be storing the reply now. A prediction enters these phases once, and recovery ends them
  /// where the process has exited.
  public var mayReceiveReply: Bool { phase == .sending || phase == .settling }

  /// Whether a stored reply is not needed any more. It is needed where the download may be tried again, where the
  /// outcome of the request is unknown, and after a cancellation, since the images may still come. One that could not be
  /// read is kept elsewhere.
  public var needsNoReply: Bool {
    guard phase == nil else { return false }
    return switch status {
    case .completed, .failed: failure?.kind != .downloadFailed
    case .cancelled: !files.isEmpty || unreadReply != nil
    case .unknown: unreadReply != nil
    case .created, .processing: false
    }
  }
}
