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
    /// What the file must hold; `nil` where it may be any image.
    public var content: FileContent?

    /// A reference.
    public init(member: String, path: String, content: FileContent? = nil) {
      self.member = member
      self.path = path
      self.content = content
    }

    /// The string of the input.
    public var text: String { "@\(path)\(content?.ending ?? "")" }
  }

  /// The files that an input names, in the order of the input.
  public static func find(in input: JSONObject) -> [Reference] {
    var found: [Reference] = []
    InputStrings.visit(input) { member, text in
      guard let path = path(in: text) else { return }
      let pinned = FileContent.split(path)
      found.append(Reference(member: member, path: pinned?.before ?? path, content: pinned?.content))
    }
    return found
  }

  /// What follows the `@` of a reference: its path and, where it has one, the content. `nil` for any other string.
  public static func path(in text: String) -> String? {
    text.utf8.starts(with: "@/".utf8) ? String(text.dropFirst()) : nil
  }

  /// The input with references whose content is known reduced to that content, so that it is the same under each name.
  static func withoutKnownPaths(_ input: JSONObject) -> JSONObject {
    func reduced(_ text: String) -> String? {
      path(in: text).flatMap(FileContent.split).map { "@\($0.content.ending)" }
    }
    guard InputStrings.contain(in: input, where: { reduced($0) != nil }) else { return input }
    return InputStrings.replacing(input, by: reduced)
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
