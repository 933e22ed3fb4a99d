/// Models that OpenAI has retired, or will. A provider may still offer them from another source, so this only gives
/// hints and refuses nothing.
public enum RetiredModel {
  /// Part of a provider's model name, OpenAI's name of the model, and the last day that OpenAI announced for it.
  private static let known: [(name: String, model: String, day: String)] = [
    ("dall-e-2", "dall-e-2", "2026-05-12"), ("dall-e-3", "dall-e-3", "2026-05-12"),
    ("gpt-image-1-mini", "gpt-image-1-mini", "2026-12-01"), ("gpt-image-1.5", "gpt-image-1.5", "2026-12-01"),
    ("chatgpt-image-latest", "chatgpt-image-latest", "2026-12-01"), ("gpt-image-1", "gpt-image-1", "2026-10-23"),
    ("gpt-image-1-high-fidelity", "gpt-image-1", "2026-10-23"),
  ]

  /// One sentence for people about a model by the provider's name (`openai/gpt-image-1/edit`); `nil` where it is not
  /// known to be retired.
  public static func hint(for model: String) -> String? {
    let parts = model.lowercased().split(separator: "/")
    guard let found = known.first(where: { parts.contains(Substring($0.name)) }) else { return nil }
    return "The model \(model) may be retired: OpenAI gave \(found.day) as the last day of \(found.model)."
  }
}
