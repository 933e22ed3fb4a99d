public import JSON

/// The files that an input names: its strings that begin with `@/`, wherever they stand but under a member `prompt`.
///
/// Only where the caller says `upload: true` does anybody ask: without that such a string is a string.
public enum FileReferences {
  /// A file as an input names it.
  public struct Reference: Sendable, Equatable {
    /// The member, as `input.images[1]`.
    public var member: String
    /// Absolute.
    public var path: String
  }

  /// What an input names, in the order in which it is written.
  public static func find(in input: JSONObject) -> [Reference] {
    var found: [Reference] = []
    find(in: .object(input), at: "input", &found)
    return found
  }

  /// The input with something else in the place of each file.
  ///
  /// - Parameter substitute: by path; `nil` leaves the string as it is.
  public static func replacing(_ input: JSONObject, by substitute: (String) -> String?) -> JSONObject {
    JSONObject(
      input.members.map { member in
        (member.name, isText(member.name) ? member.value : replacing(member.value, by: substitute))
      })
  }

  /// The path in a string; `nil` where it is only a string.
  public static func path(in text: String) -> String? {
    text.utf8.starts(with: "@/".utf8) ? String(text.dropFirst()) : nil
  }

  /// Whether a member of this name is what people write, and an `@` in it a name or nothing.
  public static func isText(_ member: String) -> Bool { member == "prompt" }

  private static func find(in value: JSONValue, at member: String, _ found: inout [Reference]) {
    switch value {
    case .string(let text):
      if let path = path(in: text) { found.append(Reference(member: member, path: path)) }
    case .array(let elements):
      for (index, element) in elements.enumerated() { find(in: element, at: "\(member)[\(index)]", &found) }
    case .object(let object):
      for next in object.members where !isText(next.name) {
        find(in: next.value, at: "\(member).\(next.name)", &found)
      }
    case .null, .bool, .number: break
    }
  }

  private static func replacing(_ value: JSONValue, by substitute: (String) -> String?) -> JSONValue {
    switch value {
    case .string(let text): path(in: text).flatMap(substitute).map { .string($0) } ?? value
    case .array(let elements): .array(elements.map { replacing($0, by: substitute) })
    case .object(let object): .object(replacing(object, by: substitute))
    case .null, .bool, .number: value
    }
  }
}
