public import Predictions
internal import Threads

/// The surroundings of a command: engine, console, clock and folders.
public struct Session: Sendable {
  let engine: PredictionEngine
  let thumbnails: any ThumbnailStore
  let console: Console
  let time: any TimeSource
  let folder: String
  /// The folder of the database.
  let stateFolder: String
  /// Says which setting is not used, in one sentence; `nil` where all are.
  let unused: String?
  /// Signals of the process, which end a wait.
  public let signals: Signals
  /// Shows a file with the program that the desktop has for it; returns why that failed, in one sentence.
  let open: @Sendable (_ path: String) -> String?

  /// - Parameters:
  ///   - folder: the working directory, to which paths on the command line are relative.
  ///   - stateFolder: the folder of the database.
  ///   - unused: says which setting is not used, in one sentence.
  ///   - open: shows a file with the program that the desktop has for it; returns why that failed, in one sentence.
  public init(
    engine: PredictionEngine, thumbnails: any ThumbnailStore, console: Console, time: any TimeSource, folder: String,
    stateFolder: String, unused: String? = nil, signals: Signals, open: @escaping @Sendable (_ path: String) -> String?
  ) {
    self.engine = engine
    self.thumbnails = thumbnails
    self.console = console
    self.time = time
    self.folder = folder
    self.stateFolder = stateFolder
    self.unused = unused
    self.signals = signals
    self.open = open
  }

  /// A path on the command line as an absolute path.
  func absolute(_ path: String) -> String { Self.absolute(path, in: folder) }

  /// A path that is relative to a folder as an absolute path.
  static func absolute(_ path: String, in folder: String) -> String {
    path.hasPrefix("/") ? path : folder == "/" ? "/\(path)" : "\(folder)/\(path)"
  }
}

/// The events that end the wait of a command: a signal, or the end of the prediction.
public final class Signals: Sendable {
  struct State: Sendable {
    var signal: Int32?
    var outcome: PredictionSnapshot?
  }

  let state = Protected(State())

  /// Signals of which none has arrived.
  public init() {}

  /// Records a signal.
  public func raise(_ number: Int32) {
    state.signal { $0.signal = number }
  }

  /// Whether a signal has arrived.
  public var isRaised: Bool { state.withLock { $0.signal != nil } }
}

/// Starts an operation and waits for the value that it passes to its completion.
func answer<Value: Sendable>(of start: (@escaping @Sendable (Value) -> Void) -> Void) -> Value {
  let box = Protected<Value?>(nil)
  start { value in box.signal { $0 = value } }
  return box.wait { $0 }!
}
