/// The end of the conversation, as the client announced it.
public enum ShutdownState: Sendable, Equatable {
  /// Not announced.
  case none
  /// After `shutdown`: the exit status is 0.
  case shutDown
  /// `exit` without `shutdown` before it.
  case exited
  /// `shutdown`, then `exit`.
  case shutDownAndExited
}
