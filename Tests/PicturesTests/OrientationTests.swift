import Testing

@testable import Pictures

@Suite("EXIF orientation")
struct OrientationTests {
  /// One byte a pixel in the tests; the three channels are equal.
  private func raster(_ rows: [[UInt8]]) -> Raster {
    Raster(
      width: rows[0].count, height: rows.count, channels: 3, pixels: rows.flatMap { $0 }.flatMap { [$0, $0, $0] })
  }

  /// What is seen of a 3 × 2 image, by the figures of the specification.
  @Test(
    arguments: [
      (1, [[1, 2, 3], [4, 5, 6]]), (2, [[3, 2, 1], [6, 5, 4]]), (3, [[6, 5, 4], [3, 2, 1]]),
      (4, [[4, 5, 6], [1, 2, 3]]), (5, [[1, 4], [2, 5], [3, 6]]), (6, [[4, 1], [5, 2], [6, 3]]),
      (7, [[6, 3], [5, 2], [4, 1]]), (8, [[3, 6], [2, 5], [1, 4]]),
    ] as [(Int, [[UInt8]])]) func eachIsUndone(number: Int, seen: [[UInt8]]) throws
  {
    let orientation = try #require(Orientation(rawValue: number))
    #expect(orientation.applied(to: raster([[1, 2, 3], [4, 5, 6]])) == raster(seen))
  }

  /// A JPEG's start: EXIF with an entry before the orientation.
  private func jpeg(orientation: UInt8, isLittle: Bool) -> [UInt8] {
    func two(_ value: UInt8) -> [UInt8] { isLittle ? [value, 0] : [0, value] }
    func four(_ value: UInt8) -> [UInt8] { isLittle ? [value, 0, 0, 0] : [0, 0, 0, value] }
    let tag: [UInt8] = isLittle ? [0x12, 0x01] : [0x01, 0x12]
    let width: [UInt8] = isLittle ? [0x00, 0x01] : [0x01, 0x00]
    var tiff: [UInt8] = Array((isLittle ? "II" : "MM").utf8) + two(42) + four(8) + two(2)
    tiff += width + two(3) + four(1) + two(9) + [0, 0]
    tiff += tag + two(3) + four(1) + two(orientation) + [0, 0] + four(0)
    let segment = Array("Exif\0\0".utf8) + tiff
    return [0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 1, 2, 0xFF, 0xE1, 0, UInt8(segment.count + 2)] + segment + [0xFF, 0xDA]
  }

  private func segments(_ bytes: [UInt8]) -> JPEGSegments { bytes.withUnsafeBufferPointer { JPEGSegments($0) } }

  @Test(arguments: [true, false]) func itIsReadInBothOrders(isLittle: Bool) {
    #expect(segments(jpeg(orientation: 6, isLittle: isLittle)).orientation == .turnedLeft)
    #expect(segments(jpeg(orientation: 9, isLittle: isLittle)).orientation == .upright)
  }

  @Test func noCutOfItTraps() {
    let whole = jpeg(orientation: 8, isLittle: false)
    for length in 0...whole.count { _ = segments(Array(whole.prefix(length))) }
    for place in whole.indices {
      var damaged = whole
      damaged[place] = 0xFF
      _ = segments(damaged)
    }
  }
}
