import Encoding
import Testing

@Suite("How long sounds and films last")
struct FileDurationTests {
  private static func big(_ value: UInt64, _ count: Int) -> [UInt8] {
    (0..<count).reversed().map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
  }

  private static func little(_ value: UInt64, _ count: Int) -> [UInt8] { big(value, count).reversed() }

  private static func box(_ kind: String, _ content: [UInt8]) -> [UInt8] {
    big(UInt64(content.count + 8), 4) + Array(kind.utf8) + content
  }

  private static func movie(_ header: [UInt8], first: [UInt8] = box("mdat", [UInt8](repeating: 7, count: 99)))
    -> [UInt8]
  {
    box("ftyp", Array("isom".utf8) + [0, 0, 0, 0]) + first + box("moov", box("udta", []) + box("mvhd", header))
  }

  private static func header(_ units: UInt64, per rate: UInt64) -> [UInt8] {
    [0, 0, 0, 0] + big(1, 4) + big(2, 4) + big(rate, 4) + big(units, 4) + [UInt8](repeating: 0, count: 80)
  }

  private static func longHeader(_ units: UInt64, per rate: UInt64) -> [UInt8] {
    [1, 0, 0, 0] + big(1, 8) + big(2, 8) + big(rate, 4) + big(units, 8) + [UInt8](repeating: 0, count: 80)
  }

  private static func wave(_ data: Int, stated: UInt64? = nil, rate: UInt64 = 8_000) -> [UInt8] {
    Array("RIFF".utf8) + little(0, 4) + Array("WAVE".utf8) + Array("LIST".utf8) + little(3, 4) + [1, 2, 3, 0]
      + Array("fmt ".utf8) + little(16, 4) + little(1, 2) + little(1, 2) + little(rate, 4) + little(rate, 4)
      + little(1, 2) + little(8, 2) + Array("data".utf8) + little(stated ?? UInt64(data), 4)
      + [UInt8](repeating: 0x80, count: data)
  }

  private static func flac(_ samples: UInt64, per rate: UInt64) -> [UInt8] {
    Array("fLaC".utf8) + [0x80, 0, 0, 34] + [UInt8](repeating: 0, count: 10)
      + big(rate << 44 | 1 << 41 | 15 << 36 | samples, 8) + [UInt8](repeating: 0, count: 16)
  }

  private static func page(_ units: UInt64, serial: UInt64 = 7, _ packet: [UInt8]) -> [UInt8] {
    Array("OggS".utf8) + [0, 0] + little(units, 8) + little(serial, 4) + little(0, 4) + little(0, 4) + [1]
      + [UInt8(packet.count)] + packet
  }

  private static func opus(_ units: UInt64, serial: UInt64 = 7) -> [UInt8] {
    page(0, [UInt8]("OpusHead".utf8) + [1, 1] + little(312, 2) + little(48_000, 4) + [0, 0, 0])
      + page(4_800, [1, 2, 3]) + page(units, serial: serial, [4, 5])
  }

  private static func vorbis(_ units: UInt64, per rate: UInt64) -> [UInt8] {
    page(0, [1] + Array("vorbis".utf8) + little(0, 4) + [1] + little(rate, 4) + [UInt8](repeating: 0, count: 14))
      + page(units, [4, 5])
  }

  /// Layer III, MPEG 1, 44,100 Hz, stereo.
  private static func mpeg(_ name: String, frames: UInt64, flags: UInt64 = 1, tag: Bool = false) -> [UInt8] {
    (tag ? Array("ID3".utf8) + [4, 0, 0, 0, 0, 1, 2] + [UInt8](repeating: 0, count: 130) : [])
      + [0xFF, 0xFB, 0x90, 0x00] + [UInt8](repeating: 0, count: 32) + Array(name.utf8) + big(flags, 4) + big(frames, 4)
      + [UInt8](repeating: 0, count: 400)
  }

  private static func element(_ id: [UInt8], _ content: [UInt8], open: Bool = false) -> [UInt8] {
    id
      + (open
        ? [0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]
        : [0x40 | UInt8(content.count >> 8), UInt8(content.count & 0xFF)])
      + content
  }

  private static func matroska(_ duration: [UInt8], scale: UInt64? = 1_000_000, open: Bool = true) -> [UInt8] {
    let info =
      (scale.map { element([0x2A, 0xD7, 0xB1], big($0, 4)) } ?? []) + element([0x44, 0x89], duration)
    return element([0x1A, 0x45, 0xDF, 0xA3], element([0x42, 0x82], Array("webm".utf8)))
      + element(
        [0x18, 0x53, 0x80, 0x67], element([0xEC], [0, 0]) + element([0x15, 0x49, 0xA9, 0x66], info), open: open)
  }

  static let files: [(name: String, bytes: [UInt8], milliseconds: Int64?)] = [
    ("a.mp4", movie(header(12_345, per: 1_000)), 12_345),
    ("a.mov", movie(longHeader(600 * 3, per: 600)), 3_000),
    ("a.m4a", movie(header(441_00, per: 44_100), first: []), 1_000),
    ("a.mp4", movie(header(0, per: 1_000)), nil), ("a.mp4", movie(header(10, per: 0)), nil),
    ("a.mp4", movie(header(0xFFFF_FFFF, per: 1)), nil), ("a.mp4", movie(longHeader(.max, per: 1)), nil),
    ("a.mp4", movie(longHeader(.max - 1, per: 1)), nil),
    ("a.mp4", movie([9] + header(12, per: 1).dropFirst()), nil),
    ("a.mp4", movie(Array(header(12, per: 1).prefix(12))), nil),
    ("a.mp4", box("free", []) + big(4, 4) + Array("moov".utf8), nil),
    ("a.mp4", big(1, 4) + Array("mdat".utf8) + big(.max, 8) + movie(header(12, per: 1)), nil),
    ("a.wav", wave(4_000), 500), ("a.wav", wave(4_000, stated: 0), 500),
    ("a.wav", wave(4_000, stated: 0xFFFF_FFFF), 500),
    ("a.wav", wave(4_000, rate: 0), nil), ("a.wav", Array(wave(0)), nil),
    ("a.flac", flac(96_000, per: 48_000), 2_000), ("a.flac", flac(0, per: 48_000), nil),
    ("a.flac", flac(9, per: 0), nil),
    ("a.ogg", opus(48_312), 1_000), ("a.ogg", opus(12), nil), ("a.ogg", opus(9_912, serial: 8), 94),
    ("a.ogg", vorbis(22_050, per: 44_100), 500), ("a.ogg", vorbis(.max, per: 44_100), nil),
    ("a.mp3", mpeg("Xing", frames: 1_000), 26_122), ("a.mp3", mpeg("Info", frames: 1_000, tag: true), 26_122),
    ("a.mp3", mpeg("Xing", frames: 1_000, flags: 2), nil), ("a.mp3", mpeg("none", frames: 1_000), nil),
    ("a.webm", matroska(big(UInt64((1_500.0).bitPattern), 8)), 1_500),
    ("a.webm", matroska(big(UInt64(Float(2).bitPattern), 4), scale: 500_000_000, open: false), 1_000),
    ("a.webm", matroska(big(UInt64((7.0).bitPattern), 8), scale: nil), 7),
    ("a.webm", matroska(big(UInt64(Double.nan.bitPattern), 8)), nil),
    ("a.webm", matroska(big(UInt64(Double.infinity.bitPattern), 8)), nil),
    ("a.webm", matroska(big(UInt64((-5.0).bitPattern), 8)), nil), ("a.webm", matroska([1, 2, 3]), nil),
    ("a.webm", matroska(big(UInt64((1_500.0).bitPattern), 8), scale: 0), nil),
    ("a.png", movie(header(12, per: 1)), nil),
  ]

  private static func duration(
    _ name: String, _ bytes: [UInt8], read: @escaping (Int) -> Void = { _ in }
  ) -> Int64? {
    // The format is that of the name, so that a cut or changed beginning is read too.
    FileDuration.milliseconds(of: FileFormat.named(name), bytes: Int64(bytes.count)) { place, count in
      read(count)
      return place < bytes.count ? Array(bytes[Int(place)..<min(bytes.count, Int(place) + count)]) : []
    }
  }

  @Test(arguments: files.indices) func theHeaderTellsIt(_ number: Int) {
    let file = Self.files[number]
    #expect(Self.duration(file.name, file.bytes) == file.milliseconds)
  }

  /// None of them traps or tells a time that the whole file does not, apart from sounds whose length is that of the file.
  @Test(arguments: files.indices) func aCutFileTellsTheSameOrNothing(_ number: Int) {
    let file = Self.files[number]
    for count in 0..<file.bytes.count {
      let time = Self.duration(file.name, Array(file.bytes.prefix(count)))
      if !["a.wav", "a.ogg"].contains(file.name) { #expect(time == nil || time == file.milliseconds) }
    }
  }

  @Test(arguments: files.indices) func aChangedByteStopsNothing(_ number: Int) {
    let file = Self.files[number]
    for place in 0..<min(file.bytes.count, 400) {
      for value: UInt8 in [0x00, 0x01, 0x7F, 0x80, 0xFF] {
        var bytes = file.bytes
        bytes[place] = value
        let time = Self.duration(file.name, bytes)
        #expect(time.map { $0 > 0 && $0 < 1 << 53 } ?? true)
      }
    }
  }

  @Test func littleIsRead() {
    var total = 0
    let small = [[UInt8]](repeating: Self.box("free", []), count: 10_000).joined()
    #expect(Self.duration("a.mp4", Array(small)) { total += $0 } == nil)
    #expect(total <= 1 << 17)
    total = 0
    _ = Self.duration("a.webm", [UInt8](repeating: 0x81, count: 1 << 20)) { total += $0 }
    _ = Self.duration("a.ogg", Self.opus(99) + [UInt8](repeating: 0, count: 1 << 20)) { total += $0 }
    #expect(total <= 1 << 18)
  }
}

extension FileFormat {
  /// The format of a name: unreadable bytes decide nothing.
  fileprivate static func named(_ name: String) -> FileFormat {
    let suffix = FormatHint(address: name).fileExtension
    let signatures: [String: [UInt8]] = [
      "mp4": [0, 0, 0, 24] + Array("ftypisom".utf8), "mov": [0, 0, 0, 24] + Array("ftypqt  ".utf8),
      "m4a": [0, 0, 0, 24] + Array("ftypM4A ".utf8), "wav": Array("RIFF\u{1}\u{1}\u{1}\u{1}WAVE".utf8),
      "flac": Array("fLaC".utf8) + [0], "ogg": Array("OggS".utf8) + [0], "mp3": Array("ID3".utf8) + [4],
      "webm": [0x1A, 0x45, 0xDF, 0xA3] + Array("webm".utf8),
    ]
    return FileFormat(head: signatures[suffix] ?? [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
  }
}
