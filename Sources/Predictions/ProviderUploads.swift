/// Takes local files as parts of an input. Costs nothing, and may be repeated.
public protocol ProviderUploads: Sendable {
  /// How long a file may be, in bytes.
  var byteLimit: Int64 { get }

  /// For how long what an upload gives is good for other predictions of the account too, in milliseconds; `nil` where it
  /// belongs to one prediction alone.
  var lifetime: Int64? { get }

  /// Takes one file, and says what stands for it in the input that is sent. Called where the disk may be waited for; the
  /// completion must not block.
  func upload(_ file: any InputFile, completion: @escaping @Sendable (UploadOutcome) -> Void)
}

/// What became of an upload. Nothing was sent to a model, whatever it is.
public enum UploadOutcome: Sendable, Equatable {
  /// What is written in the place of the file.
  case uploaded(String)
  /// It may work later: what the prediction fails with if it does not. `after`: from `Retry-After`, in milliseconds.
  case transient(PredictionFailure, after: Int64?)
  /// A definite no. `pause`: milliseconds for which the account should send nothing.
  case refused(PredictionFailure, pause: Int64?)
}

/// Whether files must be uploaded before a prediction can be sent.
public enum UploadState: Int64, Sendable {
  /// There are none.
  case none = 0
  /// They must be; until then nothing is sent, which the table itself sees to.
  case awaited = 1
  /// They were, and it was let out.
  case done = 2
}
