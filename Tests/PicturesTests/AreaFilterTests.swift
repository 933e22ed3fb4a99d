import Testing

@testable import Pictures

@Suite("The area filter")
struct AreaFilterTests {
  private func scaled(_ raster: Raster, to longest: Int) -> Raster {
    raster.pixels.withUnsafeBufferPointer {
      AreaFilter($0, width: raster.width, height: raster.height, channels: raster.channels).scaled(toLongest: longest)
    }
  }

  @Test(arguments: [
    (1_024, 1_024, 512, 512, 512), (1_536, 1_024, 512, 512, 341), (1_024, 1_536, 256, 171, 256),
    (100, 50, 512, 100, 50), (10_000, 1, 64, 64, 1), (512, 3, 512, 512, 3), (3, 2, 2, 2, 1),
  ]) func theLongestSideDecides(width: Int, height: Int, longest: Int, newWidth: Int, newHeight: Int) {
    let size = AreaFilter.size(of: width, height, longest: longest)
    #expect((size.width, size.height) == (newWidth, newHeight))
  }

  @Test func aPixelIsTheMeanOfItsArea() {
    let raster = Raster(
      width: 4, height: 2, channels: 3,
      pixels: [
        0, 0, 0, 100, 0, 0, 10, 20, 30, 10, 20, 30,
        0, 0, 200, 100, 0, 200, 10, 20, 30, 10, 20, 30,
      ])
    #expect(scaled(raster, to: 2) == Raster(width: 2, height: 1, channels: 3, pixels: [50, 0, 100, 10, 20, 30]))
  }

  @Test func aPixelThatCoversPartsOfOthersTakesTheirParts() {
    // Three columns become two: each takes one whole and a half of the middle one.
    let raster = Raster(width: 3, height: 1, channels: 3, pixels: [0, 0, 0, 90, 90, 90, 240, 240, 240])
    #expect(scaled(raster, to: 2).pixels == [30, 30, 30, 190, 190, 190])
  }

  @Test func aConstantImageStaysConstant() {
    for (width, height) in [(1_000, 7), (641, 479), (97, 1_013)] {
      let raster = Raster(
        width: width, height: height, channels: 3, pixels: [UInt8](repeating: 255, count: width * height * 3))
      #expect(scaled(raster, to: 64).pixels.allSatisfy { $0 == 255 })
    }
  }

  @Test(arguments: [(32, 32, 16), (200, 3, 77), (37, 41, 13), (5, 5, 4), (30, 20, 29)], [3, 4])
  func everyPixelIsTheMeanOfWhatItCovers(_ sides: (width: Int, height: Int, longest: Int), channels: Int) {
    var dice = SystemRandomNumberGenerator()
    let (width, height) = (sides.width, sides.height)
    let raster = Raster(
      width: width, height: height, channels: channels,
      pixels: (0..<width * height * channels).map { _ in UInt8.random(in: 0...255, using: &dice) })
    let small = scaled(raster, to: sides.longest)
    /// How much of an old row or column a new one covers.
    func part(_ old: Int, _ new: Int, _ from: Int, _ count: Int) -> Double {
      let scale = Double(from) / Double(count)
      return max(0, min(Double(old + 1), Double(new + 1) * scale) - max(Double(old), Double(new) * scale))
    }
    for y in 0..<small.height {
      for x in 0..<small.width {
        var sums = [Double](repeating: 0, count: channels)
        var (area, opaque) = (0.0, 0.0)
        for row in 0..<height where part(row, y, height, small.height) > 0 {
          for column in 0..<width where part(column, x, width, small.width) > 0 {
            let weight = part(row, y, height, small.height) * part(column, x, width, small.width)
            let start = (row * width + column) * channels
            let alpha = channels == 4 ? Double(raster.pixels[start + 3]) : 1
            area += weight
            opaque += weight * alpha
            for channel in 0..<3 { sums[channel] += weight * alpha * Double(raster.pixels[start + channel]) }
          }
        }
        let start = (y * small.width + x) * channels
        for channel in 0..<3 { #expect(abs(Double(small.pixels[start + channel]) - sums[channel] / opaque) < 0.51) }
        if channels == 4 { #expect(abs(Double(small.pixels[start + 3]) - opaque / area) < 0.51) }
      }
    }
  }

  @Test func theColourOfWhatIsTransparentDoesNotCount() {
    // A red pixel beside a green one that nobody sees.
    let raster = Raster(width: 2, height: 1, channels: 4, pixels: [255, 0, 0, 255, 0, 255, 0, 0])
    #expect(scaled(raster, to: 1).pixels == [255, 0, 0, 128])
    let nothing = Raster(width: 2, height: 1, channels: 4, pixels: [9, 9, 9, 0, 9, 9, 9, 0])
    #expect(scaled(nothing, to: 1).pixels == [0, 0, 0, 0])
  }

  @Test func aSmallImageIsCopied() {
    let raster = Raster(width: 2, height: 1, channels: 4, pixels: [1, 2, 3, 4, 5, 6, 7, 8])
    #expect(scaled(raster, to: 64) == raster)
  }

  @Test func withoutAlphaItIsOnWhite() {
    let raster = Raster(width: 3, height: 1, channels: 4, pixels: [10, 20, 30, 255, 1, 2, 3, 0, 0, 0, 0, 127])
    #expect(raster.hasTransparency)
    #expect(raster.flattened.pixels == [10, 20, 30, 255, 255, 255, 128, 128, 128])
    #expect(!Raster(width: 1, height: 1, channels: 4, pixels: [0, 0, 0, 255]).hasTransparency)
  }
}
