/// Text that is safe to show: on a terminal, in a log, in a text block for an agent, on a page.
///
/// It consists of literals of this program, which are trusted, and of values, which are sanitised when they are
/// interpolated. There is no other way to make one, so a string from a file, the database or the network does not
/// compile where a `SafeText` is required, unless it is sanitised:
///
///     console.error("There is no prediction \(text).")
///
/// A value is one line. Line breaks and tabs become spaces; other control characters (C0, DEL, C1) become U+FFFD;
/// invisible and bidirectional format characters are left out. A value of more than `limit` characters is cut.
public struct SafeText: Sendable, Hashable, ExpressibleByStringInterpolation, CustomStringConvertible {
  /// The greatest length of a value, in characters.
  public static let limit = 10_000

  /// The text.
  public let description: String

  private init(trusted text: String) { description = text }

  /// A literal of this program.
  public init(stringLiteral literal: StaticString) { self.init(trusted: literal.description) }

  /// A literal with values in it.
  public init(stringInterpolation: Interpolation) { self.init(trusted: stringInterpolation.text) }

  /// A value as one line.
  ///
  /// - Parameters:
  ///   - limit: in characters; a longer value ends with `…`.
  ///   - secret: a value that is replaced by `[key]`; empty where there is none. It is searched for after
  ///     sanitising, which could join its parts.
  public init(_ value: String, atMost limit: Int = limit, without secret: String = "") {
    var text = Self.sanitised(value, keepsLines: false)
    if !secret.isEmpty { text = text.replacing(secret, by: "[key]") }
    self.init(trusted: text.cut(to: limit))
  }

  /// Text of several lines, uncut: newlines and tabs stay.
  public init(lines text: String) { self.init(trusted: Self.sanitised(text, keepsLines: true)) }

  /// A path, uncut. A path without unsafe characters is unchanged, for programs that read it from standard output;
  /// otherwise each unsafe character is escaped as in JSON (`\n`, `\u001b`).
  public init(path: String) { self.init(trusted: Self.escaped(path)) }

  /// A JSON text, uncut: the same value, with each unsafe character written as `\u` and four digits. Strings are the
  /// only place of a JSON text where one can be.
  public init(json: [UInt8]) { self.init(trusted: Self.escaped(String(decoding: json, as: UTF8.self))) }

  /// Several texts with a literal between them.
  public static func joined(_ texts: [SafeText], separator: StaticString) -> SafeText {
    SafeText(trusted: texts.map(\.description).joined(separator: separator.description))
  }

  /// Builds a text from literals and values.
  public struct Interpolation: StringInterpolationProtocol {
    fileprivate var text = ""

    /// Reserves memory.
    public init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(literalCapacity) }

    /// Appends a literal of this program.
    public mutating func appendLiteral(_ literal: StaticString) { text += literal.description }

    /// Appends a text that is safe already.
    public mutating func appendInterpolation(_ value: SafeText) { text += value.description }

    /// Appends any other value, sanitised.
    public mutating func appendInterpolation<Value>(_ value: Value) {
      text += SafeText("\(value)" as String).description
    }
  }
}

// MARK: - The characters

extension SafeText {
  /// The effect of a character where it is shown. `Tests/Fixtures/link-escapes.json` has the same ranges for the
  /// clients.
  private enum Effect {
    case plain
    /// It breaks the line or moves the cursor.
    case space
    /// A terminal may interpret it as a command.
    case control
    /// It is invisible, or changes the order of the characters around it.
    case invisible

    init(of scalar: Unicode.Scalar) {
      self =
        switch scalar.value {
        case 0x09...0x0D, 0x85, 0x2028, 0x2029: .space
        case 0x00..<0x20, 0x7F..<0xA0: .control
        case 0xAD, 0x61C, 0x180E, 0x200B, 0x200E...0x200F, 0x202A...0x202E, 0x2060...0x206F, 0xFEFF, 0xFFF9...0xFFFB,
          0xE0000...0xE007F:
          .invisible
        default: .plain
        }
    }
  }

  /// Whether a name (a model, a tag, a path) is free of control and format characters: Unicode's categories Cc, Cf, Zl
  /// and Zp, and what `SafeText` would change.
  public static func isName(_ text: String) -> Bool {
    if hasOnlyPrintableASCII(text) { return true }
    return text.unicodeScalars.allSatisfy { scalar in
      Effect(of: scalar) == .plain && scalar.properties.generalCategory != .format
    }
  }

  private static func hasOnlyPrintableASCII(_ text: String) -> Bool { text.utf8.allSatisfy { 0x20..<0x7F ~= $0 } }

  private static func sanitised(_ text: String, keepsLines: Bool) -> String {
    if hasOnlyPrintableASCII(text) { return text }
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch Effect(of: scalar) {
      case .plain: result.append(scalar)
      case .space: result.append(keepsLines && (scalar == "\n" || scalar == "\t") ? scalar : " ")
      case .control: result.append("\u{FFFD}")
      case .invisible: break
      }
    }
    return String(result)
  }

  private static func escaped(_ text: String) -> String {
    if hasOnlyPrintableASCII(text) { return text }
    var result = ""
    for scalar in text.unicodeScalars {
      guard Effect(of: scalar) != .plain else {
        result.unicodeScalars.append(scalar)
        continue
      }
      switch scalar {
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case "\r": result += "\\r"
      default:
        for unit in String(scalar).utf16 {
          let digits = String(unit, radix: 16)
          result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }
      }
    }
    return result
  }
}

extension String {
  fileprivate func cut(to limit: Int) -> String {
    // A character has at least one byte.
    if utf8.count <= limit { return self }
    return unicodeScalars.count <= limit ? self : String(unicodeScalars.prefix(max(0, limit - 1))) + "…"
  }

  fileprivate func replacing(_ secret: String, by mark: String) -> String {
    let secret = Array(secret.utf8)
    var rest = Array(utf8)[...]
    var result: [UInt8] = []
    while let byte = rest.first {
      if rest.starts(with: secret) {
        result.append(contentsOf: mark.utf8)
        rest.removeFirst(secret.count)
      } else {
        result.append(byte)
        rest.removeFirst()
      }
    }
    return String(decoding: result, as: UTF8.self)
  }
}
