/// Selects models of a catalogue. Pure.
public struct ModelFilter: Sendable, Equatable {
  /// Only of this kind.
  public var kind: ModelKind?
  private let words: [String]

  /// - Parameter search: words of which each must occur in the id, the name, the description or the kind, ignoring case; empty for
  ///   all models.
  public init(search: String = "", kind: ModelKind? = nil) {
    self.kind = kind
    words = search.lowercased().split(whereSeparator: \.isWhitespace).map(String.init)
  }

  /// Whether it selects this model.
  public func selects(_ model: Model) -> Bool {
    if let kind, model.kind != kind { return false }
    if words.isEmpty { return true }
    let text = [model.id, model.name ?? "", model.description ?? "", model.kind?.rawValue ?? ""].joined(separator: "\n")
      .lowercased()
    return words.allSatisfy { text.utf8.contains($0.utf8) }
  }
}

extension String.UTF8View {
  /// Whether these bytes occur. Bytes, because a catalogue has a thousand descriptions and characters are slow to compare.
  fileprivate func contains(_ wanted: String.UTF8View) -> Bool {
    guard let first = wanted.first else { return true }
    var rest = self[...]
    while let place = rest.firstIndex(of: first) {
      rest = rest[place...]
      if rest.starts(with: wanted) { return true }
      rest = rest.dropFirst()
    }
    return false
  }
}
