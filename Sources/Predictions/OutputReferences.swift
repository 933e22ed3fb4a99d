public import JSON

/// An output of an earlier prediction, as an input names it: `imagewire://predictions/ID/N`.
public struct OutputReference: Sendable, Hashable {
  /// The prediction that makes it.
  public var target: PredictionID
  /// Which of its outputs, from 1.
  public var output: Int

  /// A reference.
  public init(_ target: PredictionID, _ output: Int) {
    self.target = target
    self.output = output
  }

  private static let prefix = "imagewire://predictions/"

  /// Reads the canonical spelling: the id in lower case, N from 1 to 64 without a leading zero. `nil` for any other text.
  public init?(_ text: String) {
    guard text.utf8.starts(with: Self.prefix.utf8) else { return nil }
    let parts = text.dropFirst(Self.prefix.count).split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let id = PredictionID(String(parts[0])), id.description == parts[0],
      let output = Int(parts[1]), (1...Prediction.savedOutputs).contains(output), String(output) == parts[1]
    else { return nil }
    self.init(id, output)
  }

  /// The canonical spelling.
  public var text: String { "\(Self.prefix)\(target)/\(output)" }

  /// Whether a text is meant as a reference: it begins like one, or a short text has one in it, in whatever spelling. Copied
  /// text often has quotes or invisible characters around it.
  public static func isMeant(by text: String) -> Bool {
    // Bounded: an input may have a string of millions of spaces.
    let start = text.utf8.prefix(256).drop { $0 <= 0x20 }
    // `|` makes letters of either case equal; `:` and `/` are the same with it.
    if start.prefix(scheme.count).elementsEqual(scheme, by: { $0 | 0x20 == $1 }) { return true }
    guard (path.count...longest).contains(text.utf8.count) else { return false }
    let bytes = text.utf8.map { $0 | 0x20 }
    return bytes.has(path) && bytes.has(Array(scheme.dropLast()))
  }

  /// In bytes; a reference has 62.
  private static let longest = 512
  private static let path = Array("//predictions/".utf8)
  private static let scheme = Array("imagewire:".utf8)
}

/// The outputs of earlier predictions that an input names: its strings that are exactly an `OutputReference`, at any depth
/// except below a field `prompt`.
public enum OutputReferences {
  /// A reference and its place.
  public struct Found: Sendable, Equatable {
    /// The path of the field, as `input.images[1]`.
    public var member: String
    /// What it names.
    public var reference: OutputReference
  }

  /// A string that is meant as a reference and is none: it must not be sent as words.
  public struct Misspelt: Error, Sendable, Equatable {
    /// The path of the field.
    public var member: String
  }

  /// How many references one input may have.
  public static let limit = 64

  /// The references of an input, in its order.
  ///
  /// - Throws: where a string begins like a reference and is not spelled as one.
  public static func find(in input: JSONObject) throws(Misspelt) -> [Found] {
    // Nearly every input has none.
    guard InputStrings.contain(in: input, where: OutputReference.isMeant(by:)) else { return [] }
    var found: [Found] = []
    var misspelt: Misspelt?
    InputStrings.visit(input) { member, text in
      guard OutputReference.isMeant(by: text) else { return }
      if let reference = OutputReference(text) {
        found.append(Found(member: member, reference: reference))
      } else if misspelt == nil {
        misspelt = Misspelt(member: member)
      }
    }
    if let misspelt { throw misspelt }
    return found
  }

  /// Whether an input has a string that begins like a reference.
  public static func areMeant(in input: JSONObject) -> Bool {
    InputStrings.contain(in: input, where: OutputReference.isMeant(by:))
  }
}

/// Whether the input of a prediction names outputs of others whose addresses are not in their places yet.
public enum ReferenceState: Int64, Sendable {
  /// It names none.
  case none = 0
  /// It names some. No store and no older program lets the prediction have a phase before they are replaced.
  case awaited = 1
  /// They were replaced in the input that was sent.
  case done = 2
}

extension [UInt8] {
  /// Whether these bytes are in it.
  fileprivate func has(_ wanted: [UInt8]) -> Bool {
    guard let first = wanted.first, count >= wanted.count else { return false }
    return (0...count - wanted.count).contains {
      self[$0] == first && self[$0..<$0 + wanted.count].elementsEqual(wanted)
    }
  }
}
