extension JSONValue {
  /// The value as JSON text for people and for files under version control: two spaces a level, a member a line. A short
  /// array or object without inner ones stays on one line. Ends without a line break.
  public var indented: String {
    var text = ""
    write(to: &text, lineBreak: "\n")
    return text
  }

  private static let shortLine = 100

  private func write(to text: inout String, lineBreak: String) {
    let parts: [(label: String, value: JSONValue)]
    let (opening, closing): (String, String)
    switch self {
    case .array(let elements): (parts, opening, closing) = (elements.map { ("", $0) }, "[", "]")
    case .object(let object):
      parts = object.members.map { (JSONValue.string($0.name).text + ": ", $0.value) }
      (opening, closing) = ("{", "}")
    default:
      text += self.text
      return
    }
    if !parts.contains(where: { $0.value.array != nil || $0.value.object != nil }) {
      let line = opening + parts.map { $0.label + $0.value.text }.joined(separator: ", ") + closing
      if array != nil || line.utf8.count <= Self.shortLine {
        text += line
        return
      }
    }
    text += opening
    for (index, part) in parts.enumerated() {
      text += (index > 0 ? "," : "") + lineBreak + "  " + part.label
      part.value.write(to: &text, lineBreak: lineBreak + "  ")
    }
    text += lineBreak + closing
  }
}
