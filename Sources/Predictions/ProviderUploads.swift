/// Uploads local files that an input names. Free, and safe to repeat.
public protocol ProviderUploads: Sendable {
  /// The greatest length of a file, in bytes.
  var byteLimit: Int64 { get }

  /// How long an address can be used by other predictions of the account too, in milliseconds; `nil` where it is valid
  /// for one prediction only.
  var lifetime: Int64? { get }

  /// Uploads one file, and gives the text that replaces it in the input. Called on a thread that may wait for the disk;
  /// the completion must not block.
  func upload(_ file: any InputFile, completion: @escaping @Sendable (UploadOutcome) -> Void)
}

/// The outcome of an upload. Nothing is sent to a model, whatever the outcome.
public enum UploadOutcome: Sendable, Equatable {
  /// The text that replaces the file in the input.
  case uploaded(String)
  /// It may succeed later; the failure of the prediction if it does not. `after`: from `Retry-After`, in milliseconds.
  case transient(PredictionFailure, after: Int64?)
  /// A definite refusal. `pause`: milliseconds for which the account should send nothing.
  case refused(PredictionFailure, pause: Int64?)
}

/// Whether files must be uploaded before a prediction can be sent.
public enum UploadState: Int64, Sendable {
  /// The prediction has no files to upload.
  case none = 0
  /// They must be; the store does not let the prediction be claimed before.
  case awaited = 1
  /// They were uploaded, and the prediction was claimed.
  case done = 2
}
