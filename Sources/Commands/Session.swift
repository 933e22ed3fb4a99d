public import Predictions
internal import Threads

/// What a command works with.
public struct Session: Sendable {
  let engine: PredictionEngine
  let console: Console
  let time: any TimeSource
  let folder: String
  /// Where the table is.
  let stateFolder: String
  /// What is configured and not used, in one sentence; `nil` where there is nothing of that kind.
  let unused: String?
  /// Signals that came, oldest first; whoever waits is woken.
  public let signals: Signals

  /// - Parameters:
  ///   - folder: the working directory, from which paths that people type start.
  ///   - stateFolder: where the table is.
  ///   - unused: what is configured and not used, in one sentence.
  public init(
    engine: PredictionEngine, console: Console, time: any TimeSource, folder: String, stateFolder: String,
    unused: String? = nil, signals: Signals
  ) {
    self.engine = engine
    self.console = console
    self.time = time
    self.folder = folder
    self.stateFolder = stateFolder
    self.unused = unused
    self.signals = signals
  }

  /// A path as people type it, from the root.
  func absolute(_ path: String) -> String {
    path.hasPrefix("/") ? path : folder == "/" ? "/\(path)" : "\(folder)/\(path)"
  }
}

/// What happens while a command waits: a signal, or the end of what it waits for.
public final class Signals: Sendable {
  struct State: Sendable {
    var signal: Int32?
    var outcome: PredictionSnapshot?
  }

  let state = Protected(State())

  /// Nothing has happened.
  public init() {}

  /// A signal came.
  public func raise(_ number: Int32) {
    state.signal { $0.signal = number }
  }

  /// Whether one came.
  public var isRaised: Bool { state.withLock { $0.signal != nil } }
}

/// Runs something that answers by a completion, and waits for its answer.
func answer<Value: Sendable>(of start: (@escaping @Sendable (Value) -> Void) -> Void) -> Value {
  let box = Protected<Value?>(nil)
  start { value in box.signal { $0 = value } }
  return box.wait { $0 }!
}
