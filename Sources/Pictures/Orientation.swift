/// How a camera held its sensor: the tag 0x0112 of EXIF (CIPA DC-008, "Orientation"). Pure.
enum Orientation: Int, Sendable {
  case upright = 1
  case mirrored = 2
  case upsideDown = 3
  case mirroredUpsideDown = 4
  /// Mirrored along the diagonal from the top left.
  case transposed = 5
  /// To be turned a quarter clockwise.
  case turnedLeft = 6
  /// Mirrored along the other diagonal.
  case transversed = 7
  /// To be turned a quarter counterclockwise.
  case turnedRight = 8

  /// The image as it was seen.
  func applied(to raster: Raster) -> Raster {
    if self == .upright { return raster }
    let swaps = rawValue >= 5
    let (width, height) = swaps ? (raster.height, raster.width) : (raster.width, raster.height)
    var result = Raster(width: width, height: height, channels: raster.channels, pixels: [])
    result.pixels.reserveCapacity(raster.pixels.count)
    for row in 0..<height {
      for column in 0..<width {
        let (oldColumn, oldRow) = source(column, row, width: width, height: height)
        let start = (oldRow * raster.width + oldColumn) * raster.channels
        result.pixels += raster.pixels[start..<start + raster.channels]
      }
    }
    return result
  }

  /// Where a pixel of the upright image, of this width and height, is in the stored one.
  private func source(_ column: Int, _ row: Int, width: Int, height: Int) -> (column: Int, row: Int) {
    switch self {
    case .upright: (column, row)
    case .mirrored: (width - 1 - column, row)
    case .upsideDown: (width - 1 - column, height - 1 - row)
    case .mirroredUpsideDown: (column, height - 1 - row)
    case .transposed: (row, column)
    case .turnedLeft: (row, width - 1 - column)
    case .transversed: (height - 1 - row, width - 1 - column)
    case .turnedRight: (height - 1 - row, column)
    }
  }
}
