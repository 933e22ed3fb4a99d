/// Joins texts with spaces, each with one full stop at its end unless it ends with `!`, `?` or `…`. Empty ones are
/// omitted.
public func sentences(_ texts: String?...) -> String {
  texts.compactMap { text -> String? in
    var text = (text ?? "")[...]
    while let last = text.last, last == " " || last == "." { text.removeLast() }
    guard let last = text.last else { return nil }
    return "!?…".contains(last) ? String(text) : "\(text)."
  }.joined(separator: " ")
}

/// `a`, `a and b`, `a, b and c`.
public func listed(_ words: [String]) -> String {
  guard words.count > 1, let last = words.last else { return words.joined() }
  return words.dropLast().joined(separator: ", ") + " and " + last
}

/// `a`, `a or b`, `a, b or c`.
public func alternatives(_ words: [String]) -> String {
  guard words.count > 1, let last = words.last else { return words.joined() }
  return words.dropLast().joined(separator: ", ") + " or " + last
}

/// `1 image`, `2 images`: a number and its noun, whose plural ends with `s`.
public func counted(_ number: some BinaryInteger, _ noun: String) -> String {
  number == 1 ? "1 \(noun)" : "\(number) \(noun)s"
}

/// How long something took or how long ago it was, in its largest unit: `59 s`, `12 min`, `40 h`, `3 d`.
///
/// - Parameter milliseconds: less than 0 counts as 0, since clocks are set back.
public func age(_ milliseconds: Int64) -> String {
  let seconds = max(0, milliseconds) / 1_000
  return switch seconds {
  case ..<60: "\(seconds) s"
  case ..<3_600: "\(seconds / 60) min"
  case ..<172_800: "\(seconds / 3_600) h"
  default: "\(seconds / 86_400) d"
  }
}
