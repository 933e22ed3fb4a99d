/// Pixels in rows from the top, without padding. A pure value.
struct Raster: Equatable, Sendable {
  var width: Int
  var height: Int
  /// 3 for red, green, blue; 4 with alpha behind them, not premultiplied.
  var channels: Int
  var pixels: [UInt8]

  /// Whether a pixel is not opaque.
  var hasTransparency: Bool {
    guard channels == 4 else { return false }
    return stride(from: 3, to: pixels.count, by: 4).contains { pixels[$0] < 255 }
  }

  /// The same without alpha, on white.
  var flattened: Raster {
    guard channels == 4 else { return self }
    var opaque: [UInt8] = []
    opaque.reserveCapacity(width * height * 3)
    for start in stride(from: 0, to: pixels.count, by: 4) {
      let alpha = Int(pixels[start + 3])
      for channel in 0..<3 {
        opaque.append(UInt8((Int(pixels[start + channel]) * alpha + 255 * (255 - alpha) + 127) / 255))
      }
    }
    return Raster(width: width, height: height, channels: 3, pixels: opaque)
  }
}
