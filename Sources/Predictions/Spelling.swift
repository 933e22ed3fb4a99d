/// Suggests a known word for a misspelt one.
public enum Spelling {
  /// The nearest of the known words: at most two edits away (one for words of up to four letters), where an edit
  /// replaces, adds, removes or swaps letters. `nil` where none is that near.
  public static func nearest(to word: String, among words: [String]) -> String? {
    let letters = Array(word.utf8.prefix(256))
    let best = words.map { (word: $0, distance: distance(letters, Array($0.utf8))) }.min { $0.distance < $1.distance }
    guard let best, best.distance <= (letters.count > 4 ? 2 : 1) else { return nil }
    return best.word
  }

  /// The optimal string alignment distance: insertions, deletions, replacements and swaps of neighbours.
  private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var before: [Int] = []
    var row = Array(0...right.count)
    for (i, a) in left.enumerated() {
      var next = [i + 1]
      for (j, b) in right.enumerated() {
        var cost = min(row[j] + (a == b ? 0 : 1), row[j + 1] + 1, next[j] + 1)
        if i > 0, j > 0, a == right[j - 1], left[i - 1] == b { cost = min(cost, before[j - 1] + 1) }
        next.append(cost)
      }
      (before, row) = (row, next)
    }
    return row[right.count]
  }
}
