internal import JSON
internal import Predictions
internal import Threads

extension Expectation {
  /// Writes the members `eta_ms` and `progress`.
  func write(to json: inout JSONWriter) {
    json.name("eta_ms")
    if let remaining { json.value(remaining) } else { json.null() }
    json.name("progress")
    json.share(Int64(share * 10_000), digits: 4)
  }

  /// A prediction with both members at its end. They change with time, so that bytes which are kept do not have them.
  func added(to prediction: [UInt8]) -> [UInt8] {
    var json = JSONWriter()
    json.beginObject()
    write(to: &json)
    json.endObject()
    // Without the closing brace of the one and the opening one of the other.
    var bytes = prediction
    bytes[bytes.count - 1] = UInt8(ascii: ",")
    bytes += json.bytes.dropFirst()
    return bytes
  }
}

extension JSONWriter {
  /// Writes a number from 0 to 1 that is given as an integer of so many decimal digits.
  mutating func share(_ number: Int64, digits: Int) {
    guard number > 0 else { return value(0) }
    var text = String(number)
    text = "0." + String(repeating: "0", count: max(0, digits - text.count)) + text
    while text.last == "0" { text.removeLast() }
    raw(text)
  }
}

/// The share that a client is told by notifications with one token: it rises with each of them, also before the provider has
/// accepted the prediction, and stays below 0.99.
final class ToldShare: Sendable {
  private let last = Protected((share: ProgressShare(), billionths: Int64(-1)))

  /// The next share, in billionths.
  ///
  /// - Parameter elapsed: milliseconds since the first notification.
  func next(elapsed: Int64, _ expectation: Expectation?) -> Int64 {
    last.withLock { last in
      let share = last.share.update(at: Double(max(elapsed, 0)) / 1_000, toldShare: expectation?.share ?? 0)
      last.billionths = max(Int64(share * 1e9), last.billionths + 1)
      return last.billionths
    }
  }
}
