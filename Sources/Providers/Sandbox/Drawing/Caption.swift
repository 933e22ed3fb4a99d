/// Writes the prompt at the bottom of an image, and SANDBOX into its corner.
enum Caption {
  private static let paper = Colour(0x0C_0F18)
  private static let ink = Colour(0xF6_F4EC)
  private static let longest = 3

  static func paint(_ prompt: String, on canvas: inout Canvas) {
    let side = min(canvas.width, canvas.height)
    mark(on: &canvas, dot: max(1, side / 420))
    // In smaller images the letters would cover everything.
    guard side >= 128 else { return }
    // A 340th of the side, rounded to whole pixels: readable from 512 pixels on.
    let dot = max(1, (2 * side + 340) / 680)
    let margin = dot * 6
    let perLine = (canvas.width - 2 * margin) / (Font.advance * dot)
    let lines = lines(of: Transcription.of(prompt), width: perLine)
    guard perLine >= 8, !lines.isEmpty else { return }
    let height = lines.count * Font.lineHeight * dot + margin
    let top = canvas.height - height
    canvas.rectangle(
      0, Double(top) / canvas.unit, canvas.right, Double(height) / canvas.unit, paper, alpha: 0.62)
    for (row, line) in lines.enumerated() {
      write(
        line, at: (canvas.width - line.count * Font.advance * dot) / 2,
        top + margin * 2 / 3 + row * Font.lineHeight * dot, dot: dot, ink, on: &canvas)
    }
  }

  private static func mark(on canvas: inout Canvas, dot: Int) {
    let text = "SANDBOX"
    let width = (text.count * Font.advance - 1) * dot
    let margin = dot * 5
    guard canvas.width >= width + 2 * margin else { return }
    let left = canvas.width - width - margin
    // A shade behind the letters, so that they can be read on a bright sky.
    canvas.rectangle(
      Double(left - 3 * dot) / canvas.unit, Double(margin - 3 * dot) / canvas.unit,
      Double(width + 6 * dot) / canvas.unit,
      Double(13 * dot) / canvas.unit, paper, alpha: 0.28)
    write(Array(text), at: left, margin, dot: dot, ink, alpha: 0.8, on: &canvas)
  }

  private static func write(
    _ text: [Character], at left: Int, _ top: Int, dot: Int, _ colour: Colour, alpha: Double = 1,
    on canvas: inout Canvas
  ) {
    for (index, character) in text.enumerated() {
      let top = top + Font.descent(of: character) * dot
      for (row, bits) in Font.rows(of: character).enumerated() {
        for column in 0..<5 where bits >> UInt8(4 - column) & 1 == 1 {
          canvas.square(
            left + (index * Font.advance + column) * dot, top + row * dot, dot, colour, alpha: alpha)
        }
      }
    }
  }

  /// The prompt in a few lines, broken between words where they fit; a prompt that is too long ends in dots.
  private static func lines(of prompt: String, width: Int) -> [[Character]] {
    guard width > 0 else { return [] }
    // The caption never shows more than this.
    var words = prompt.prefix(longest * width + 1).split { $0.isWhitespace }.map(Array.init)[...]
    var lines: [[Character]] = []
    while let word = words.popFirst() {
      if let last = lines.last, last.count + 1 + word.count <= width {
        lines[lines.count - 1] += [" "] + word
      } else if word.count <= width {
        lines.append(word)
      } else {
        lines.append(Array(word.prefix(width)))
        words = [Array(word.dropFirst(width))] + words
      }
    }
    let isCut = lines.count > longest || prompt.count > longest * width + 1
    lines = Array(lines.prefix(longest))
    if isCut, var last = lines.popLast() {
      last = Array(last.prefix(max(0, width - 3))) + Array("...")
      lines.append(last)
    }
    return lines
  }
}
