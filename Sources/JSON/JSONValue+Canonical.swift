extension JSONValue {
  /// The value with the members of its objects in the order of their names and each number replaced, so that values that
  /// are equal by that measure have the same bytes.
  ///
  /// - Parameter number: the replacement, which is the same for numbers that count as equal.
  public func canonical(_ number: (JSONNumber) -> JSONNumber) -> JSONValue {
    switch self {
    case .null, .bool, .string: self
    case .number(let value): .number(number(value))
    case .array(let elements): .array(elements.map { $0.canonical(number) })
    case .object(let object): .object(object.sorted { $0.canonical(number) })
    }
  }

  /// Whether both are the same JSON value: members in any order, numbers by their exact value, strings by code points.
  public func equals(_ other: JSONValue) -> Bool {
    switch (self, other) {
    case (.number(let left), .number(let right)): left.canonicalSpelling == right.canonicalSpelling
    case (.string(let left), .string(let right)): left.hasSameCodePoints(as: right)
    case (.array(let left), .array(let right)):
      left.count == right.count && zip(left, right).allSatisfy { $0.equals($1) }
    case (.object(let left), .object(let right)):
      left.members.count == right.members.count
        && left.members.allSatisfy { member in right[member.name].map { member.value.equals($0) } ?? false }
    default: self == other
    }
  }
}
