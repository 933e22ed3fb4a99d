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
          write(sums, columns, area, to: UnsafeMutableBufferPointer(rebasing: result[(row * newWidth * channels)...]))
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

  /// Adds up the columns of each new pixel, and writes the row.
  private func write(
    _ sums: UnsafeMutableBufferPointer<Float>, _ columns: Spans, _ area: Float,
    to row: UnsafeMutableBufferPointer<UInt8>
  ) {
    for column in 0..<columns.count {
      var total = SIMD4<Float>(repeating: 0)
      columns.forEach(in: column) { old, weight in
        let start = old * channels
        let alpha = channels == 4 ? sums[start + 3] : 0
        total += SIMD4(sums[start], sums[start + 1], sums[start + 2], alpha) * weight
      }
      let divisor = channels == 4 ? max(total.w, .leastNormalMagnitude) : area
      let colour = (total / divisor + 0.5).clamped(lowerBound: .zero, upperBound: SIMD4(repeating: 255))
      let start = column * channels
      row[start] = UInt8(colour.x)
      row[start + 1] = UInt8(colour.y)
      row[start + 2] = UInt8(colour.z)
      if channels == 4 { row[start + 3] = UInt8(min(255, total.w / area + 0.5)) }
    }
  }
}

/// How `from` old rows or columns are spread over `count` new ones.
private struct Spans {
  let from: Int
  let count: Int

  init(of from: Int, to count: Int) {
    self.from = from
    self.count = count
  }

  /// Calls a body with each old index that a new one covers, and the covered part of it, from 0 to 1.
  func forEach(in index: Int, _ body: (Int, Float) -> Void) {
    // Whole numbers: in units of 1/count of an old one, so that the parts of each old one add up to 1 exactly.
    let start = index * from
    let end = start + from
    var old = start / count
    while old * count < end {
      let covered = min(end, (old + 1) * count) - max(start, old * count)
      body(old, Float(covered) / Float(count))
      old += 1
    }
  }
}
