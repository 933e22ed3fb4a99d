/// A colour, each part from 0 to 1.
struct Colour: Equatable {
  var red: Double
  var green: Double
  var blue: Double

  init(_ red: Double, _ green: Double, _ blue: Double) {
    self.red = red
    self.green = green
    self.blue = blue
  }

  /// `0xRRGGBB`.
  init(_ hex: UInt32) {
    self.init(Double(hex >> 16 & 0xFF) / 255, Double(hex >> 8 & 0xFF) / 255, Double(hex & 0xFF) / 255)
  }

  /// A mix with another colour: 0 is this one, 1 the other one.
  func mixed(with other: Colour, _ share: Double) -> Colour {
    Colour(
      red + (other.red - red) * share, green + (other.green - green) * share, blue + (other.blue - blue) * share)
  }

  func lighter(_ share: Double) -> Colour { mixed(with: Colour(1, 1, 1), share) }
  func darker(_ share: Double) -> Colour { mixed(with: Colour(0, 0, 0), share) }

  /// The perceived brightness, 0 to 1.
  var brightness: Double { 0.299 * red + 0.587 * green + 0.114 * blue }
}

/// The image that is painted. Coordinates are fractions of the shorter side, from the top left; edges are antialiased.
///
/// Only `+ - * /` and square roots decide pixels: every processor rounds them alike (IEEE 754), so the image is the same
/// everywhere.
struct Canvas {
  let width: Int
  let height: Int
  private(set) var pixels: [UInt8]
  /// Pixels in one unit.
  let unit: Double

  /// The image's size in units; the shorter side is 1.
  var right: Double { Double(width) / unit }
  var bottom: Double { Double(height) / unit }

  init(width: Int, height: Int) {
    self.width = width
    self.height = height
    unit = Double(min(width, height))
    pixels = [UInt8](repeating: 0, count: width * height * 3)
  }

  /// Fills the image row by row with the colour that the closure returns for a height from 0 (top) to 1.
  mutating func fill(_ colour: (Double) -> Colour) {
    for row in 0..<height {
      let colour = colour((Double(row) + 0.5) / Double(height))
      let (red, green, blue) = (Self.byte(colour.red), Self.byte(colour.green), Self.byte(colour.blue))
      pixels.withUnsafeMutableBufferPointer { pixels in
        var place = row * width * 3
        for _ in 0..<width {
          pixels[place] = red
          pixels[place + 1] = green
          pixels[place + 2] = blue
          place += 3
        }
      }
    }
  }

  /// Paints a disc.
  mutating func disc(_ x: Double, _ y: Double, _ radius: Double, _ colour: Colour, alpha: Double = 1) {
    ellipse(x, y, radius, radius, colour, alpha: alpha)
  }

  /// Paints an ellipse.
  mutating func ellipse(
    _ x: Double, _ y: Double, _ radiusX: Double, _ radiusY: Double, _ colour: Colour, alpha: Double = 1
  ) {
    let (cx, cy, rx, ry) = (x * unit, y * unit, max(radiusX * unit, 0.5), max(radiusY * unit, 0.5))
    sweep(from: cy - ry, to: cy + ry, colour, alpha: alpha) { y, add in
      let dy = (y - cy) / ry
      let half = rx * max(0, 1 - dy * dy).squareRoot()
      if half > 0 { add(cx - half, cx + half) }
    }
  }

  /// Paints light that fades from a point to nothing at the radius.
  mutating func glow(_ x: Double, _ y: Double, _ radius: Double, _ colour: Colour, alpha: Double) {
    let (cx, cy, r) = (x * unit, y * unit, max(radius * unit, 1))
    let parts = Parts(colour)
    for row in rows(cy - r, cy + r) {
      let dy = Double(row) + 0.5 - cy
      let half = max(0, r * r - dy * dy).squareRoot()
      let (from, to) = columns(cx - half, cx + half)
      for column in from..<max(from, to) {
        let dx = Double(column) + 0.5 - cx
        let rest = 1 - (dx * dx + dy * dy) / (r * r)
        guard rest > 0 else { continue }
        blend(column, row, parts, Int(rest * rest * alpha * 256))
      }
    }
  }

  /// Paints a ball in bands, lit from the upper left.
  ///
  /// - Parameter band: the colour at a height from -1 (top) to 1.
  mutating func ball(_ x: Double, _ y: Double, _ radius: Double, band: (Double) -> Colour) {
    let (cx, cy, r) = (x * unit, y * unit, max(radius * unit, 1))
    for row in rows(cy - r, cy + r) {
      let dy = (Double(row) + 0.5 - cy) / r
      guard dy * dy < 1 else { continue }
      let colour = band(dy)
      let half = r * (1 - dy * dy).squareRoot()
      let (from, to) = columns(cx - half, cx + half)
      for column in from..<max(from, to) {
        let dx = (Double(column) + 0.5 - cx) / r
        let towards = max(0, 1 - dx * dx - dy * dy).squareRoot()
        let lit = max(0.04, min(1, 0.75 * towards - 0.62 * dx - 0.3 * dy + 0.12))
        let cover = min(1, (1 - (dx * dx + dy * dy).squareRoot()) * r + 0.5)
        blend(column, row, Parts(colour.darker(1 - lit)), Int(cover * 256))
      }
    }
  }

  /// Paints a polygon that does not cross itself, given by its corners.
  mutating func polygon(_ corners: [(x: Double, y: Double)], _ colour: Colour, alpha: Double = 1) {
    guard corners.count > 2 else { return }
    let points = corners.map { (x: $0.x * unit, y: $0.y * unit) }
    var crossings: [Double] = []
    sweep(from: points.map(\.y).min()!, to: points.map(\.y).max()!, colour, alpha: alpha) { y, add in
      crossings.removeAll(keepingCapacity: true)
      for index in points.indices {
        let (a, b) = (points[index], points[(index + 1) % points.count])
        guard (a.y <= y) != (b.y <= y) else { continue }
        crossings.append(a.x + (y - a.y) / (b.y - a.y) * (b.x - a.x))
      }
      crossings.sort()
      for pair in stride(from: 0, to: crossings.count - 1, by: 2) { add(crossings[pair], crossings[pair + 1]) }
    }
  }

  /// Paints the area below a line, whose height the closure returns for each place from the left, fading towards another
  /// colour at the bottom.
  mutating func ground(_ colour: Colour, fadingTo low: Colour, over depth: Double, top: (Double) -> Double) {
    let shades = (0...64).map { Parts(colour.mixed(with: low, Double($0) / 64)) }
    for column in 0..<width {
      let edge = top((Double(column) + 0.5) / unit) * unit
      let first = max(0, Int(edge.rounded(.down)))
      guard first < height else { continue }
      for row in first..<height {
        let share = min(1, max(0, (Double(row) - edge) / (depth * unit)))
        let cover = min(1, Double(row) + 1 - edge)
        blend(column, row, shades[Int(share * 64)], Int(cover * 256))
      }
    }
  }

  /// Paints a rectangle.
  mutating func rectangle(
    _ x: Double, _ y: Double, _ width: Double, _ height: Double, _ colour: Colour, alpha: Double = 1
  ) {
    let (top, bottom) = (y * unit, (y + height) * unit)
    for row in rows(top, bottom) {
      let cover = min(Double(row) + 1, bottom) - max(Double(row), top)
      span(row, x * unit, (x + width) * unit, colour, alpha: alpha * min(1, max(0, cover)))
    }
  }

  /// Paints a pixel-aligned square, for the dots of letters.
  mutating func square(_ column: Int, _ row: Int, _ side: Int, _ colour: Colour, alpha: Double = 1) {
    let parts = Parts(colour)
    for y in max(0, row)..<max(0, min(height, row + side)) {
      for x in max(0, column)..<max(0, min(width, column + side)) { blend(x, y, parts, Int(alpha * 256)) }
    }
  }

  // MARK: - Pieces

  private struct Parts {
    let red: Int
    let green: Int
    let blue: Int

    init(_ colour: Colour) {
      red = Int(Canvas.byte(colour.red))
      green = Int(Canvas.byte(colour.green))
      blue = Int(Canvas.byte(colour.blue))
    }
  }

  fileprivate static func byte(_ part: Double) -> UInt8 {
    UInt8(min(255, max(0, (part * 255).rounded())))
  }

  private func rows(_ from: Double, _ to: Double) -> Range<Int> {
    let first = max(0, Int(max(from, -1).rounded(.down)))
    return first..<max(first, min(height, Int(min(to, Double(height)).rounded(.up))))
  }

  private func columns(_ from: Double, _ to: Double) -> (Int, Int) {
    (max(0, Int(max(from, -1).rounded(.down))), min(width, Int(min(to, Double(width)).rounded(.up))))
  }

  /// Paints a shape with four lines through each row, each a quarter of the coverage, which antialiases its edges.
  ///
  /// - Parameter stretches: returns, for a height in pixels, the parts of that line that are inside the shape.
  private mutating func sweep(
    from top: Double, to bottom: Double, _ colour: Colour, alpha: Double,
    stretches: (Double, (Double, Double) -> Void) -> Void
  ) {
    let parts = Parts(colour)
    let strength = alpha * 64
    var covered = [Double](repeating: 0, count: width)
    for row in rows(top, bottom) {
      var (low, high) = (width, 0)
      for quarter in 0..<4 {
        stretches(Double(row) + (Double(quarter) + 0.5) / 4) { from, to in
          let (first, end) = columns(from, to)
          guard first < end else { return }
          (low, high) = (min(low, first), max(high, end))
          covered.withUnsafeMutableBufferPointer { covered in
            covered[first] += min(Double(first) + 1, to) - max(Double(first), from)
            guard end > first + 1 else { return }
            for column in first + 1..<end - 1 { covered[column] += 1 }
            covered[end - 1] += min(Double(end), to) - Double(end - 1)
          }
        }
      }
      guard low < high else { continue }
      for column in low..<high where covered[column] > 0 {
        blend(column, row, parts, Int(covered[column] * strength))
        covered[column] = 0
      }
    }
  }

  /// Blends a part of a row; the pixels at its ends by their coverage.
  private mutating func span(_ row: Int, _ from: Double, _ to: Double, _ colour: Colour, alpha: Double) {
    guard to > from, row >= 0, row < height else { return }
    let parts = Parts(colour)
    let (first, end) = columns(from, to)
    for column in first..<max(first, end) {
      let cover = min(Double(column) + 1, to) - max(Double(column), from)
      blend(column, row, parts, Int(min(1, cover) * alpha * 256))
    }
  }

  /// - Parameter share: of 256.
  private mutating func blend(_ column: Int, _ row: Int, _ parts: Parts, _ share: Int) {
    guard share > 0 else { return }
    let place = (row * width + column) * 3
    pixels.withUnsafeMutableBufferPointer { pixels in
      if share >= 256 {
        pixels[place] = UInt8(truncatingIfNeeded: parts.red)
        pixels[place + 1] = UInt8(truncatingIfNeeded: parts.green)
        pixels[place + 2] = UInt8(truncatingIfNeeded: parts.blue)
        return
      }
      let (red, green, blue) = (Int(pixels[place]), Int(pixels[place + 1]), Int(pixels[place + 2]))
      pixels[place] = UInt8(truncatingIfNeeded: red + ((parts.red - red) * share + 128) >> 8)
      pixels[place + 1] = UInt8(truncatingIfNeeded: green + ((parts.green - green) * share + 128) >> 8)
      pixels[place + 2] = UInt8(truncatingIfNeeded: blue + ((parts.blue - blue) * share + 128) >> 8)
    }
  }
}
