internal import Encoding
public import JSON

/// What decides how long a job of a model takes, as a digest: the members of its input that set size, quality and number, and
/// how many images it brings. No prompt and no other text is part of it.
public enum JobKind {
  private static let members = [
    "aspect_ratio", "duration", "height", "max_images", "n", "num_images", "num_inference_steps", "quality",
    "resolution", "size", "width",
  ]

  /// The first eight bytes of a SHA-256.
  public static func of(_ input: JSONObject) -> Int64 {
    var text = members.compactMap { name -> String? in
      guard let value = input[name] else { return nil }
      return "\(name)=\(String(decoding: value.canonical { $0 }.serialized, as: UTF8.self))"
    }
    text.append("images=\(images(in: input))")
    let digest = SHA256.hash(Array(text.joined(separator: "\n").utf8))
    return Int64(bitPattern: digest.prefix(8).reduce(0) { $0 << 8 | UInt64($1) })
  }

  /// How many images the input brings: strings in the members that are named for them.
  private static func images(in input: JSONObject) -> Int {
    input.members.filter { $0.name.hasPrefix("image") || $0.name.hasPrefix("input_image") }.reduce(0) { count, member in
      switch member.value {
      case .string: count + 1
      case .array(let elements): count + elements.count
      default: count
      }
    }
  }
}

extension Prediction {
  /// The kind of job; `nil` where the input was not loaded.
  var jobKind: Int64? { input.flatMap { (try? JSONValue(parsing: $0))?.object }.map(JobKind.of) }
}
