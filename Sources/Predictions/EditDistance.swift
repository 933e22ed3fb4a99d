/// The Levenshtein distance between words: the least number of characters to add, remove or replace.
public enum EditDistance {
  /// The distance by Unicode scalars.
  public static func between(_ left: String, _ right: String) -> Int {
    let left = Array(left.unicodeScalars)
    let right = Array(right.unicodeScalars)
    var row = Array(0...right.count)
    for (index, scalar) in left.enumerated() {
      var diagonal = row[0]
      row[0] = index + 1
      for (place, other) in right.enumerated() {
        let replaced = diagonal + (scalar == other ? 0 : 1)
        diagonal = row[place + 1]
        row[place + 1] = min(replaced, diagonal + 1, row[place] + 1)
      }
    }
    return row[right.count]
  }

  /// Whether one word may be a misspelling of another: at most two edits away, and fewer edits than the shorter word
  /// has characters, since any two single letters are one edit apart.
  public static func isMisspelling(_ word: String, of other: String) -> Bool {
    let lengths = [word.unicodeScalars.count, other.unicodeScalars.count]
    // Words whose lengths differ by more are not compared: a field's name in an input may have any length.
    guard abs(lengths[0] - lengths[1]) <= 2 else { return false }
    let distance = between(word, other)
    return distance <= 2 && distance < min(lengths[0], lengths[1])
  }
}
