internal import JSON

/// The strings of an input at any depth, except those below a field `prompt`: texts by people, which name nothing.
enum InputStrings {
  /// Whether a field of this name holds text by people.
  static func isText(_ member: String) -> Bool { member == "prompt" }

  /// Whether any string satisfies a condition. Builds no paths, so that it is quick for millions of elements.
  static func contain(in input: JSONObject, where holds: (String) -> Bool) -> Bool {
    input.members.contains { !isText($0.name) && contain(in: $0.value, where: holds) }
  }

  private static func contain(in value: JSONValue, where holds: (String) -> Bool) -> Bool {
    switch value {
    case .string(let text): holds(text)
    case .array(let elements): elements.contains { contain(in: $0, where: holds) }
    case .object(let object): contain(in: object, where: holds)
    case .null, .bool, .number: false
    }
  }

  /// Calls a body with every string and the path of its field, as `input.images[1]`, in the order of the input.
  static func visit(_ input: JSONObject, _ body: (_ member: String, String) -> Void) {
    visit(.object(input), at: "input", body)
  }

  private static func visit(_ value: JSONValue, at member: String, _ body: (_ member: String, String) -> Void) {
    switch value {
    case .string(let text): body(member, text)
    case .array(let elements):
      for (index, element) in elements.enumerated() { visit(element, at: "\(member)[\(index)]", body) }
    case .object(let object):
      for next in object.members where !isText(next.name) {
        visit(next.value, at: "\(member).\(next.name)", body)
      }
    case .null, .bool, .number: break
    }
  }

  /// The input with strings replaced.
  ///
  /// - Parameter substitute: the replacement for a string; `nil` leaves it as it is.
  static func replacing(_ input: JSONObject, by substitute: (String) -> String?) -> JSONObject {
    JSONObject(
      input.members.map { member in
        (member.name, isText(member.name) ? member.value : replacing(member.value, by: substitute))
      })
  }

  private static func replacing(_ value: JSONValue, by substitute: (String) -> String?) -> JSONValue {
    switch value {
    case .string(let text): substitute(text).map { .string($0) } ?? value
    case .array(let elements): .array(elements.map { replacing($0, by: substitute) })
    case .object(let object): .object(replacing(object, by: substitute))
    case .null, .bool, .number: value
    }
  }
}
