/// Makes an image smaller: each new pixel is the mean of the area that it covers, weighted by alpha. Pure.
struct AreaFilter {
  private let pixels: UnsafeBufferPointer<UInt8>
  private let width: Int
  private let height: Int
  private let channels: Int

  /// - Parameter pixels: rows of `width` pixels of 3 or 4 channels, as in a `Raster`.
  init(_ pixels: UnsafeBufferPointer<UInt8>, width: Int, height: Int, channels: Int) {
    precondition(width > 0 && height > 0 && pixels.count >= width * height * channels)
    self.pixels = pixels
    self.width = width
    self.height = height
    self.channels = channels
  }

  /// The width and height of an image whose longest side is made as long as `longest`, or stays where it is shorter.
  static func size(of width: Int, _ height: Int, longest: Int) -> (width: Int, height: Int) {
    let side = max(width, height)
    guard side > longest else { return (width, height) }
    func scaled(_ length: Int) -> Int { max(1, (length * longest + side / 2) / side) }
    return (scaled(width), scaled(height))
  }

  /// The image with its longest side at most so long.
  func scaled(toLongest longest: Int) -> Raster {
    let (newWidth, newHeight) = Self.size(of: width, height, longest: longest)
    if newWidth == width, newHeight == height {
      return Raster(
        width: width, height: height, channels: channels, pixels: Array(pixels.prefix(width * height * channels)))
    }
    let columns = Spans(of: width, to: newWidth)
    let rows = Spans(of: height, to: newHeight)
    let area = (Float(width) / Float(newWidth)) * (Float(height) / Float(newHeight))
    let samples = width * channels
    var result = [UInt8](repeating: 0, count: newWidth * newHeight * channels)
    withUnsafeTemporaryAllocation(of: Float.self, capacity: samples) { sums in
      result.withUnsafeMutableBufferPointer { result in
        for row in 0..<newHeight {
          sums.initialize(repeating: 0)
          rows.forEach(in: row) { add(row: $0, times: $1, to: sums) }
          let start = result.baseAddress! + row * newWidth * channels
          if channels == 3 {
            write(sums, columns, area, to: start)
          } else {
            writeWithAlpha(sums, columns, area, to: start)
          }
        }
      }
    }
    return Raster(width: newWidth, height: newHeight, channels: channels, pixels: result)
  }

  /// Adds a row to the sums of the columns; colours count as much as they are opaque.
  private func add(row: Int, times weight: Float, to sums: UnsafeMutableBufferPointer<Float>) {
    let count = width * channels
    let source = UnsafeBufferPointer(rebasing: pixels[(row * count)..<((row + 1) * count)])
    if channels == 3 {
      for index in 0..<count { sums[index] += Float(source[index]) * weight }
      return
    }
    var index = 0
    while index < count {
      let alpha = Float(source[index + 3]) * weight
      sums[index] += Float(source[index]) * alpha
      sums[index + 1] += Float(source[index + 1]) * alpha
      sums[index + 2] += Float(source[index + 2]) * alpha
      sums[index + 3] += alpha
      index += 4
    }
  }

  /// Adds up the columns of each new pixel, and writes the row. A mean of bytes is at most 255, so that half of one more is
  /// still a byte.
  private func write(
    _ sums: UnsafeMutableBufferPointer<Float>, _ columns: Spans, _ area: Float, to row: UnsafeMutablePointer<UInt8>
  ) {
    for column in 0..<columns.count {
      var (red, green, blue): (Float, Float, Float) = (0, 0, 0)
      columns.forEach(in: column) { old, weight in
        red += sums[old * 3] * weight
        green += sums[old * 3 + 1] * weight
        blue += sums[old * 3 + 2] * weight
      }
      row[column * 3] = UInt8(red / area + 0.5)
      row[column * 3 + 1] = UInt8(green / area + 0.5)
      row[column * 3 + 2] = UInt8(blue / area + 0.5)
    }
  }

  /// The same of colours that were weighted by alpha.
  private func writeWithAlpha(
    _ sums: UnsafeMutableBufferPointer<Float>, _ columns: Spans, _ area: Float, to row: UnsafeMutablePointer<UInt8>
  ) {
    for column in 0..<columns.count {
      var (red, green, blue, alpha): (Float, Float, Float, Float) = (0, 0, 0, 0)
      columns.forEach(in: column) { old, weight in
        red += sums[old * 4] * weight
        green += sums[old * 4 + 1] * weight
        blue += sums[old * 4 + 2] * weight
        alpha += sums[old * 4 + 3] * weight
      }
      // Where all is transparent the colours are 0.
      let divisor = max(alpha, .leastNormalMagnitude)
      row[column * 4] = UInt8(red / divisor + 0.5)
      row[column * 4 + 1] = UInt8(green / divisor + 0.5)
      row[column * 4 + 2] = UInt8(blue / divisor + 0.5)
      row[column * 4 + 3] = UInt8(alpha / area + 0.5)
    }
  }
}

/// How `from` old rows or columns are spread over `count` new ones.
private struct Spans {
  /// The old ones that a new one covers, and how much of the first and of the last, from 0 to 1; all of those between.
  private struct Span {
    var first: Int
    var last: Int
    var ofFirst: Float
    var ofLast: Float
  }

  let count: Int
  /// Computed once: the same for every row.
  private let spans: [Span]

  init(of from: Int, to count: Int) {
    self.count = count
    spans = (0..<count).map { index in
      // Whole numbers: in units of 1/count of an old one, so that the parts of each old one add up to 1 exactly.
      let start = index * from
      let end = start + from
      let first = start / count
      let last = (end - 1) / count
      func part(_ old: Int) -> Float {
        Float(min(end, (old + 1) * count) - max(start, old * count)) / Float(count)
      }
      return Span(first: first, last: last, ofFirst: part(first), ofLast: part(last))
    }
  }

  /// Calls a body with each old index that a new one covers, and the covered part of it.
  @inline(__always)
  func forEach(in index: Int, _ body: (Int, Float) -> Void) {
    let span = spans[index]
    body(span.first, span.ofFirst)
    guard span.last > span.first else { return }
    for old in span.first + 1..<span.last { body(old, 1) }
    body(span.last, span.ofLast)
  }
}
