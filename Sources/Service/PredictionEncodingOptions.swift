internal import Predictions

/// The parts of a prediction that a message has.
struct PredictionEncodingOptions: Sendable {
  /// Whether `input` and `metadata` are in it; lists leave them out.
  var hasInput = true
  /// Whether `input` is left out for the message limit, and named in `omitted`.
  var omitsInput = false
  /// Appends the base64 of a file; false where it cannot be read. `nil` where contents are not requested. Files that are left
  /// out are named in `omitted`.
  var contents: (@Sendable (OutputFile, inout [UInt8]) -> Bool)?
  /// Files whose contents fit into the reply, by index.
  var inlined: Set<Int> = []
  /// Files whose paths are left out, by index.
  var hidden: Set<Int> = []
  /// Whether the parts of files are left out, because their paths are.
  var hidesParts = false
  /// Whether the preview is in it.
  var hasPreview = true
  /// The next step for a model.
  var next: String?
}
