internal import Predictions

/// How a command line names a prediction: its id, the beginning of its id, or `@last`. Behind a slash, a number names one of
/// its outputs. Pure.
struct PredictionReference: Equatable {
  /// The prediction.
  enum Name: Equatable {
    /// The one with this id.
    case id(PredictionID)
    /// The newest one.
    case last
    /// The only one whose id begins with this text: lower case, with hyphens.
    case prefix(String)
  }

  let name: Name
  /// The number of an output, from 1; `nil` where none is named.
  let output: Int?

  /// The fewest characters of a prefix.
  static let shortestPrefix = 4

  /// - Parameter text: `01a20d36-9e0c-79d7-a459-7365613100aa`, `01a2/2`, `@last`. `nil` for any other form.
  init?(_ text: String) {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    if parts.count == 2 {
      guard let number = Int(parts[1]), number > 0, String(number) == parts[1] else { return nil }
      output = number
    } else {
      output = nil
    }
    if parts[0] == "@last" {
      name = .last
    } else if let id = PredictionID(parts[0]) {
      name = .id(id)
    } else {
      let prefix = parts[0].lowercased()
      guard prefix.utf8.count >= Self.shortestPrefix, Self.beginsID(prefix) else { return nil }
      name = .prefix(prefix)
    }
  }

  private static func beginsID(_ text: String) -> Bool {
    guard text.utf8.count < 36 else { return false }
    return text.utf8.enumerated().allSatisfy { place, byte in
      [8, 13, 18, 23].contains(place)
        ? byte == UInt8(ascii: "-")
        : (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
          || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }
  }

  /// When the predictions whose ids begin with a prefix were made, in milliseconds since 1970: the first 12 digits of an id are
  /// its time.
  static func times(of prefix: String) -> Range<Int64> {
    let digits = prefix.filter { $0 != "-" }.prefix(12)
    let step = Int64(1) << (4 * (12 - digits.count))
    let first = Int64(digits, radix: 16)! << (4 * (12 - digits.count))
    return first..<first + step
  }
}
