public import JSON

/// The files that an input names: its strings that begin with `@/`, at any depth except below a field `prompt`.
///
/// Used only for requests with `upload: true`; otherwise such a string is sent as it is.
public enum FileReferences {
  /// A file as an input names it.
  public struct Reference: Sendable, Equatable {
    /// The path of the field, as `input.images[1]`.
    public var member: String
    /// The path of the file, absolute.
    public var path: String
  }

  /// The files that an input names, in the order of the input.
  public static func find(in input: JSONObject) -> [Reference] {
    var found: [Reference] = []
    InputStrings.visit(input) { member, text in
      if let path = path(in: text) { found.append(Reference(member: member, path: path)) }
    }
    return found
  }

  /// The path in a reference; `nil` for any other string.
  public static func path(in text: String) -> String? {
    text.utf8.starts(with: "@/".utf8) ? String(text.dropFirst()) : nil
  }

  /// Strings that seem to name a file but are not references: `@` before a relative path (a word with a dot or a slash
  /// in it), and the name of an existing file without `@`, also as a `file:` URL. Fields named `prompt` are skipped.
  ///
  /// - Parameter isFile: whether a file of this name exists.
  public static func mistaken(in input: JSONObject, isFile: (String) -> Bool) -> [Reference] {
    var found: [Reference] = []
    InputStrings.visit(input) { member, text in
      guard path(in: text) == nil, text.utf8.count <= longestPath, let name = plainName(in: text) else { return }
      let isMarked = text.utf8.first == UInt8(ascii: "@") && name.utf8.contains { $0 == 0x2E || $0 == 0x2F }
      if isMarked || isFile(name) { found.append(Reference(member: member, path: name)) }
    }
    return found
  }

  /// Linux's PATH_MAX, in bytes.
  private static let longestPath = 4_096

  /// A string as the name of a file; `nil` where it is empty or has more than one line.
  private static func plainName(in text: String) -> String? {
    let name = text.hasPrefix("file://") ? text.dropFirst(7) : text.hasPrefix("@") ? text.dropFirst() : text[...]
    return name.isEmpty || name.utf8.contains { $0 < 0x20 } ? nil : String(name)
  }
}
