/// The jobs whose durations tell something about each other: the same account, model and kind.
struct JobTopic: Hashable, Sendable {
  let account: String
  let model: String
  /// See `JobKind`.
  let kind: Int64
}
