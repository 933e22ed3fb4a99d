internal import Encoding
public import JSON

/// The parts of a sent input that can be compared with items of a provider's history: a digest of each field.
///
/// A field that holds a data URI cannot be compared, because a provider may replace it by an address of its own; nor
/// can a field that names a local file, where the address that was sent for it is not known. Digests, because the
/// record of a POST outlives its prediction, and a deleted prompt must not.
public struct Likeness: Sendable, Equatable {
  /// In hexadecimal, by the UTF-8 bytes of the field's name, since equal strings may differ in their code points; `nil`
  /// where the field cannot be compared.
  private let digests: [[UInt8]: String?]

  /// The likeness of an input, or of the input that a history shows.
  ///
  /// - Parameters:
  ///   - hasFiles: whether strings that begin with `@/` stand for files whose addresses are not known.
  ///   - hasReferences: the same of strings that name outputs of other predictions.
  public init(of input: JSONObject, hasFiles: Bool = false, hasReferences: Bool = false) {
    func isUnknown(_ text: String) -> Bool {
      hasFiles && FileReferences.path(in: text) != nil || hasReferences && OutputReference(text) != nil
    }
    digests = Dictionary(
      input.members.map { member in
        let isComparable = !Self.isOpaque(member.value, named: member.name, isUnknown)
        return (Array(member.name.utf8), isComparable ? Self.digest(member.value) : nil)
      }, uniquingKeysWith: { _, last in last })
  }

  /// Whether this input may have made an item of a history: the item has every comparable field with an equal value.
  /// Fields that the provider added are ignored.
  public func couldHaveMade(_ item: Likeness) -> Bool {
    digests.allSatisfy { name, digest in digest == nil || item.digests[name] == .some(digest) }
  }

  /// Whether an item is evidence that this input made it: it may have, and at least one field could be compared.
  public func matches(_ item: Likeness) -> Bool {
    digests.values.contains { $0 != nil } && couldHaveMade(item)
  }

  /// Whether every field can be compared.
  public var isWhole: Bool { digests.values.allSatisfy { $0 != nil } }

  // MARK: - As stored

  /// A JSON object: the digest of each field in hexadecimal, or `null`.
  public var bytes: [UInt8] {
    let members = digests.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { name, digest in
      (String(decoding: name, as: UTF8.self), digest.map { JSONValue.string($0) } ?? .null)
    }
    return JSONValue.object(JSONObject(members)).serialized
  }

  /// A stored likeness; `nil` where the bytes are not one.
  public init?(bytes: [UInt8]) {
    guard let object = (try? JSONValue(parsing: bytes))?.object else { return nil }
    var digests: [[UInt8]: String?] = [:]
    for member in object.members {
      guard member.value.string != nil || member.value == .null else { return nil }
      digests[Array(member.name.utf8)] = .some(member.value.string)
    }
    self.digests = digests
  }

  // MARK: - Pieces

  private static func isOpaque(_ value: JSONValue, named name: String, _ isUnknown: (String) -> Bool) -> Bool {
    switch value {
    case .string(let text):
      !InputStrings.isText(name)
        && (text.utf8.prefix(5).elementsEqual("data:".utf8) { $0 | 0x20 == $1 | 0x20 }
          || isUnknown(text))
    case .array(let elements): elements.contains { isOpaque($0, named: name, isUnknown) }
    case .object(let object): object.members.contains { isOpaque($0.value, named: $0.name, isUnknown) }
    case .null, .bool, .number: false
    }
  }

  /// Half a SHA-256 over the value, with members by name, and numbers by their nearest double: a provider that reads
  /// `9007199254740993` may show `…992`.
  private static func digest(_ value: JSONValue) -> String {
    // Adding 0 turns -0 into 0; a number that is not finite keeps its spelling.
    let canonical = value.canonical { JSONNumber("\($0.double + 0)") ?? $0 }
    return SHA256.hash(canonical.serialized).prefix(16).hexadecimal
  }
}

extension Prediction {
  /// The comparable parts of its input; `nil` where the input was not loaded or cannot be read.
  public var likeness: Likeness? {
    guard let input = (try? JSONValue(parsing: sent ?? input ?? []))?.object else { return nil }
    let isAsWritten = sent == nil
    return Likeness(
      of: input, hasFiles: isAsWritten && uploads != .none, hasReferences: isAsWritten && references != .none)
  }
}
