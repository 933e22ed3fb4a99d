internal import JSON

/// The last time that a provider's catalogue listed the default model. Pure; a store keeps the last one of each
/// account.
public struct ModelSighting: Sendable, Equatable {
  /// The model's name at the provider.
  public var model: String
  /// Milliseconds since 1970.
  public var at: Int64

  /// How long it is believed, in milliseconds.
  static let lifetime: Int64 = 86_400_000

  /// A sighting.
  public init(model: String, at milliseconds: Int64) {
    self.model = model
    at = milliseconds
  }

  /// Whether a model need not be looked up. A sighting in the future does not count: the clock was set back since.
  public func holds(for model: String, at now: Int64) -> Bool {
    model.hasSameCodePoints(as: self.model) && (0..<Self.lifetime).contains(now - at)
  }

  /// The names of a catalogue that are nearest to a model's name: most words in common first, then fewest edits.
  static func nearest(_ count: Int, to model: String, among names: [String]) -> [String] {
    func words(_ name: String) -> Set<Substring> { Set(name.split { "/-_.:".contains($0) }) }
    let wanted = words(model)
    let ranked = names.map { name in
      (name: name, shared: wanted.intersection(words(name)).count, edits: EditDistance.between(model, name))
    }
    return ranked.sorted {
      ($1.shared, $0.edits, $0.name) < ($0.shared, $1.edits, $1.name)
    }.prefix(count).map(\.name)
  }
}
