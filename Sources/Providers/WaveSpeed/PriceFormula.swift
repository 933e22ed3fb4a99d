/// The formula by which the service prices a prediction, in JSONata (jsonata.org):
/// `{"total_price": base_price * $max([5, duration]) * (resolution = "720p" ? 2 : 1)}`.
///
/// Only the names in it are read: a price is requested from the service, which computes a low price without complaint where
/// an input is missing.
struct PriceFormula: Sendable, Equatable {
  /// The fields of the input that it reads, in the order of their first occurrence.
  let inputs: [String]

  private static let reserved: Set<String> = [
    "base_price", "total_price", "true", "false", "null", "and", "or", "in", "function",
  ]

  init(_ formula: String) {
    var found: [String] = []
    var rest = Array(formula.utf8)[...]
    while let byte = rest.first {
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
        Self.skipString(&rest)
        continue
      }
      // A variable or function of JSONata itself begins with `$`.
      let isOwn = byte == UInt8(ascii: "$")
      if isOwn { rest.removeFirst() }
      let name = rest.prefix(while: Self.isPartOfName)
      guard let first = name.first else {
        if !isOwn { rest.removeFirst() }
        continue
      }
      rest = rest[name.endIndex...]
      let isNumber = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first)
      let isCall = rest.first { $0 > 0x20 } == UInt8(ascii: "(")
      let text = String(decoding: name, as: UTF8.self)
      guard !isOwn, !isNumber, !isCall, !Self.reserved.contains(text), !found.contains(text) else { continue }
      found.append(text)
    }
    inputs = found
  }

  private static func skipString(_ rest: inout ArraySlice<UInt8>) {
    let quote = rest.removeFirst()
    while let byte = rest.popFirst(), byte != quote {
      if byte == UInt8(ascii: "\\") { rest = rest.dropFirst() }
    }
  }

  private static func isPartOfName(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
      true
    default: false
    }
  }
}
