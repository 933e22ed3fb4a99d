internal import Encoding

/// Writes images as PNG (ISO/IEC 15948): 8-bit RGB, each row with the filter that should compress better.
enum PNG {
  /// The file of an image of `width` by `height` pixels, three bytes each, from the top left.
  static func encode(_ pixels: [UInt8], width: Int, height: Int) -> [UInt8] {
    var file = ImageFormat.pngSignature
    append("IHDR", bigEndian(width) + bigEndian(height) + [8, 2, 0, 0, 0], to: &file)
    append("IDAT", Deflate.compress(filtered(pixels, width: width, height: height)), to: &file)
    append("IEND", [], to: &file)
    return file
  }

  private static func append(_ name: String, _ body: [UInt8], to file: inout [UInt8]) {
    file += bigEndian(body.count)
    let start = file.count
    file += Array(name.utf8)
    file += body
    file += bigEndian(Int(crc32(file[start...])))
  }

  private static func bigEndian(_ number: Int) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
  }

  /// Each row behind the number of its filter, Sub or Up, whichever gives smaller values.
  private static func filtered(_ pixels: [UInt8], width: Int, height: Int) -> [UInt8] {
    let stride = width * 3
    return [UInt8](unsafeUninitializedCapacity: (stride + 1) * height) { output, count in
      count = (stride + 1) * height
      pixels.withUnsafeBufferPointer { pixels in
        for row in 0..<height {
          let start = row * stride
          var fromLeft = 0
          var fromAbove = 0
          for index in start..<start + stride {
            let left = index >= start + 3 ? pixels[index - 3] : 0
            let above = row > 0 ? pixels[index - stride] : 0
            fromLeft += Int(Int8(bitPattern: pixels[index] &- left).magnitude)
            fromAbove += Int(Int8(bitPattern: pixels[index] &- above).magnitude)
          }
          let usesAbove = row > 0 && fromAbove <= fromLeft
          output[row * (stride + 1)] = usesAbove ? 2 : 1
          for index in start..<start + stride {
            let before =
              usesAbove ? pixels[index - stride] : index >= start + 3 ? pixels[index - 3] : 0
            output[index + row + 1] = pixels[index] &- before
          }
        }
      }
    }
  }

  /// The CRC of ISO/IEC 15948 annex D.
  private static func crc32(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    var crc: UInt32 = 0xFFFF_FFFF
    for byte in bytes { crc = crcTable[Int((crc ^ UInt32(byte)) & 0xFF)] ^ crc >> 8 }
    return ~crc
  }

  private static let crcTable: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { crc, _ in crc & 1 == 1 ? 0xEDB8_8320 ^ crc >> 1 : crc >> 1 }
  }
}
