/// Predictions whose outputs come from the same host, as a rule.
struct OutputSource: Sendable, Hashable {
  let account: String
  let model: String
}

/// The newest output of each account and model that this process has seen. A pure struct.
struct OutputSources: Sendable {
  private static let limit = 64

  private var outputs: [OutputSource: String] = [:]

  /// The address of the newest output; `nil` where none is known.
  subscript(source: OutputSource) -> String? { outputs[source] }

  mutating func note(_ output: String, of source: OutputSource) {
    if outputs.count >= Self.limit, outputs[source] == nil { outputs.removeAll(keepingCapacity: true) }
    outputs[source] = output
  }
}
