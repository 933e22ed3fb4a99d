/// How the connection ended, as far as the client said so.
public enum ShutdownState: Sendable, Equatable {
  /// It did not: the input just ended.
  case none
  /// `shutdown`, so that the end is a clean one.
  case shutDown
  /// `exit` without `shutdown` before it.
  case exited
  /// `shutdown`, then `exit`.
  case shutDownAndExited
}
