/// Texts one behind the other, each ended by one full stop unless it ends with `!`, `?` or `…`; empty ones are left out.
public func sentences(_ texts: String?...) -> String {
  texts.compactMap { text -> String? in
    var text = (text ?? "")[...]
    while let last = text.last, last == " " || last == "." { text.removeLast() }
    guard let last = text.last else { return nil }
    return "!?…".contains(last) ? String(text) : "\(text)."
  }.joined(separator: " ")
}
