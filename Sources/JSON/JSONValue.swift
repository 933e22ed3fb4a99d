/// A JSON value. Numbers keep their spelling and objects the order of their members.
public enum JSONValue: Sendable, Equatable {
  /// `null`.
  case null
  /// `true` or `false`.
  case bool(Bool)
  /// A number, by its spelling.
  case number(JSONNumber)
  /// A string, unescaped.
  case string(String)
  /// An array.
  case array([JSONValue])
  /// An object.
  case object(JSONObject)
}

extension JSONValue {
  /// The approximate length as JSON text, in bytes: exact but for escapes. Does not read strings.
  public var byteEstimate: Int {
    switch self {
    case .null, .bool: 5
    case .number(let number): number.spelling.utf8.count
    case .string(let text): text.utf8.count + 2
    case .array(let elements): elements.reduce(2) { $0 + $1.byteEstimate + 1 }
    case .object(let object): object.members.reduce(2) { $0 + $1.name.utf8.count + $1.value.byteEstimate + 4 }
    }
  }
}

/// The members of a JSON object in the order they were written.
///
/// Names are unique: where a text has a name twice, the last value replaces the first one in its place, as common parsers
/// do (RFC 8259 leaves it open).
public struct JSONObject: Sendable, Equatable {
  /// One member.
  public struct Member: Sendable, Equatable {
    /// The member's name, unescaped.
    public let name: String
    /// The member's value.
    public var value: JSONValue
  }

  /// All members, in order.
  public private(set) var members: [Member]

  /// An object without members.
  public init() {
    members = []
  }

  /// An object of these members; of several with one name the last value wins.
  public init(_ pairs: [(String, JSONValue)]) {
    self.init(parsed: pairs.map { Member(name: $0.0, value: $0.1) })
  }

  /// An object of parsed members; of several with one name the last value wins.
  init(parsed: [Member]) {
    guard parsed.count > 1 else {
      members = parsed
      return
    }
    // For few members a scan is faster than hashing; for many it would take quadratic time.
    if parsed.count <= 16 {
      let isUnique = parsed.indices.allSatisfy { index in
        !parsed[..<index].contains { $0.name.hasSameCodePoints(as: parsed[index].name) }
      }
      if isUnique {
        members = parsed
        return
      }
    }
    var members = parsed
    var index = NameIndex(count: parsed.count)
    var count = 0
    for place in members.indices {
      if let first = index.firstPlace(of: members[place].name, orElse: count, in: members) {
        members[first].value = members[place].value
      } else {
        if count < place { members[count] = members[place] }
        count += 1
      }
    }
    members.removeLast(members.count - count)
    self.members = members
  }

  /// The members in the order of their names' bytes, each with another value.
  public func sorted(_ value: (JSONValue) -> JSONValue) -> JSONObject {
    var sorted = self
    sorted.members.sort { $0.name.utf8Precedes($1.name) }
    for place in sorted.members.indices { sorted.members[place].value = value(sorted.members[place].value) }
    return sorted
  }

  /// The value of a member, or `nil` where there is none. A member that is `null` is `.null`, not `nil`.
  public subscript(name: String) -> JSONValue? {
    get { index(of: name).map { members[$0].value } }
    set {
      let index = index(of: name)
      switch (index, newValue) {
      case (let index?, let value?): members[index].value = value
      case (let index?, nil): members.remove(at: index)
      case (nil, let value?): members.append(Member(name: name, value: value))
      case (nil, nil): break
      }
    }
  }

  /// Whether there is such a member, `null` or not.
  public func contains(_ name: String) -> Bool { index(of: name) != nil }

  /// The object without the members that are `null`.
  public var withoutNulls: JSONObject {
    guard members.contains(where: \.value.isNull) else { return self }
    var rest = self
    rest.members.removeAll(where: \.value.isNull)
    return rest
  }

  private func index(of name: String) -> Int? {
    members.firstIndex { $0.name.hasSameCodePoints(as: name) }
  }

  /// Whether there are no members.
  public var isEmpty: Bool { members.isEmpty }
}

extension String {
  /// Equality of JSON strings, by code points (RFC 8259 section 8.3). Swift's `==` compares canonical equivalence, by which
  /// `é` equals `e` with a combining accent.
  public func hasSameCodePoints(as other: String) -> Bool {
    guard utf8.count == other.utf8.count else { return false }
    // Without the copies that `withUTF8` needs. Every string of this program is stored as UTF-8.
    let isSame = utf8.withContiguousStorageIfAvailable { these in
      other.utf8.withContiguousStorageIfAvailable { those in these.holds(those) }
    }
    return (isSame ?? nil) ?? utf8.elementsEqual(other.utf8)
  }

  /// Whether its UTF-8 bytes sort before those of another text. Swift's `<` compares normalised characters.
  fileprivate func utf8Precedes(_ other: String) -> Bool {
    var (one, other) = (self, other)
    return one.withUTF8 { these in
      other.withUTF8 { those in
        for index in 0..<min(these.count, those.count) where these[index] != those[index] {
          return these[index] < those[index]
        }
        return these.count < those.count
      }
    }
  }
}
