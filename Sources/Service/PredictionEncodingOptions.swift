internal import Predictions

/// What of a prediction goes into a message.
struct PredictionEncodingOptions: Sendable {
  /// Whether the caller's own `input` and `metadata` are in it; lists leave them out.
  var hasInput = true
  /// Whether `input` was left out to stay under the message limit, and `omitted` says so.
  var omitsInput = false
  /// Appends the base64 of a file, or answers that it cannot; `nil` where nobody asked for contents. What is left out
  /// is `omitted`.
  var contents: (@Sendable (OutputFile, inout [UInt8]) -> Bool)?
  /// Files whose contents fit into the reply, by index.
  var inlined: Set<Int> = []
  /// Files whose place is not told, by index.
  var hidden: Set<Int> = []
  /// Whether it is told where the preview is.
  var hasPreview = true
  /// What a model is to do next.
  var next: String?
}
