/// Predictions whose outputs come from the same host, as a rule.
struct OutputSource: Sendable, Hashable {
  let account: String
  let model: String
}

/// The newest output of each account and model that this process has seen. A pure struct.
struct OutputSources: Sendable {
  private struct Source: Sendable {
    /// Empty where none is known.
    var output: String
    /// When a connection was last opened for it.
    var openedAt: Int64?
  }

  private static let limit = 64
  /// How long after one connection no other is opened to the same place, in milliseconds.
  static let pause: Int64 = 5_000

  private var sources: [OutputSource: Source] = [:]

  /// Whether nothing is known of a source, not even that it has no output.
  func isUnknown(_ source: OutputSource) -> Bool { sources[source] == nil }

  /// Notes the newest output, or that there is none.
  mutating func note(_ output: String?, of source: OutputSource) {
    if sources.count >= Self.limit, sources[source] == nil { sources.removeAll(keepingCapacity: true) }
    sources[source, default: Source(output: "")].output = output ?? ""
  }

  /// The address of the newest output where a connection is to be opened now, which is noted.
  mutating func open(_ source: OutputSource, now: Int64) -> String? {
    guard let known = sources[source], !known.output.isEmpty, known.openedAt.map({ now - $0 >= Self.pause }) ?? true
    else { return nil }
    sources[source]?.openedAt = now
    return known.output
  }
}
