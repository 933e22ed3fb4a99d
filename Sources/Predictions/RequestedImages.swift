public import JSON

/// How many images an input requests, by the names that models use for the number.
public enum RequestedImages {
  private static let names = [
    "n", "num_images", "num_outputs", "number_of_images", "max_images", "batch_size", "num_images_per_prompt",
  ]

  /// The number of images, at least 1. Of several fields the largest counts. A string that holds a number counts too,
  /// since some models accept one.
  public static func count(in input: JSONObject) -> Int64 {
    let asked = names.compactMap { name -> Double? in
      guard let value = input[name] else { return nil }
      return value.number?.double ?? value.string.flatMap { Double($0) }
    }
    guard let most = asked.filter({ !$0.isNaN }).max(), most > 1 else { return 1 }
    return Int64(min(most.rounded(.up), 1e9))
  }
}
