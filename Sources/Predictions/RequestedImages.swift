public import JSON

/// How many images an input asks for, by the names that models use for it.
public enum RequestedImages {
  private static let names = [
    "n", "num_images", "num_outputs", "number_of_images", "max_images", "batch_size", "num_images_per_prompt",
  ]

  /// At least 1. Where several names are given the largest counts, and a number in a string is a number, since some models
  /// take one.
  public static func count(in input: JSONObject) -> Int64 {
    let asked = names.compactMap { name -> Double? in
      guard let value = input[name] else { return nil }
      return value.number?.double ?? value.string.flatMap { Double($0) }
    }
    guard let most = asked.filter({ !$0.isNaN }).max(), most > 1 else { return 1 }
    return Int64(min(most.rounded(.up), 1e9))
  }
}
