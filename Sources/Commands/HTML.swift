internal import Encoding
internal import Predictions

/// HTML made of literals of this program and of values, which are sanitised (`SafeText`) and escaped for elements and quoted
/// attributes.
struct HTML: Sendable, ExpressibleByStringInterpolation {
  let text: String

  init(stringLiteral literal: StaticString) { text = literal.description }

  init(stringInterpolation: Interpolation) { text = stringInterpolation.text }

  private init(trusted text: String) { self.text = text }

  static func joined(_ parts: [HTML], separator: StaticString = "") -> HTML {
    HTML(trusted: parts.map(\.text).joined(separator: separator.description))
  }

  struct Interpolation: StringInterpolationProtocol {
    fileprivate var text = ""

    init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(literalCapacity) }

    mutating func appendLiteral(_ literal: StaticString) { text += literal.description }

    mutating func appendInterpolation(_ value: HTML) { text += value.text }

    mutating func appendInterpolation<Value>(_ value: Value) { appendInterpolation("\(value)" as SafeText) }

    mutating func appendInterpolation(base64 bytes: [UInt8]) { text += Base64.encode(bytes) }

    mutating func appendInterpolation(_ value: SafeText) {
      for scalar in value.description.unicodeScalars {
        switch scalar {
        case "&": text += "&amp;"
        case "<": text += "&lt;"
        case ">": text += "&gt;"
        case "\"": text += "&quot;"
        case "'": text += "&#39;"
        default: text.unicodeScalars.append(scalar)
        }
      }
    }
  }
}
