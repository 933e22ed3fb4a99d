/// How long a sound or a film lasts, where its header says so. A bounded part of the file is read, and nothing is decoded.
public struct FileDuration {
  /// Reads the file.
  ///
  /// - Returns: up to so many bytes from a place on; fewer at the end of the file.
  public typealias Read = FileEnd.Read

  /// In milliseconds; a duration that no file has, of a million years, is none.
  private static let most = Double(1 << 53)
  /// How many bytes of a header are read.
  private static let headBytes = 64 << 10
  /// How many boxes or chunks are looked at.
  private static let steps = 4_096

  private let bytes: Int64
  private let read: Read

  /// The duration in milliseconds; `nil` where the header does not tell it for certain.
  ///
  /// - Parameter bytes: the length of the file.
  public static func milliseconds(of format: FileFormat, bytes: Int64, _ read: @escaping Read) -> Int64? {
    // `withoutActuallyEscaping` would write the length of this file's path into a release, which must not depend on the place.
    let file = FileDuration(bytes: bytes, read: read)
    return switch format.fileExtension {
    case "mp4", "mov", "m4a": file.boxed
    case "wav": file.wave
    case "flac": file.flac
    case "ogg": file.ogg
    case "mp3": file.mpeg
    case "webm", "mkv": file.matroska
    default: nil
    }
  }

  /// - Returns: `nil` for nothing, for what is not finite and for what is too long to be true.
  private static func milliseconds(_ units: Double, perSecond rate: Double) -> Int64? {
    guard units > 0, rate > 0 else { return nil }
    let time = (units / rate * 1_000).rounded()
    return time >= 1 && time < most ? Int64(time) : nil
  }

  private func head(_ place: Int64, _ count: Int) -> HeaderBytes {
    guard place >= 0, place < bytes else { return HeaderBytes([]) }
    return HeaderBytes(read(place, Int(min(Int64(count), bytes - place))))
  }

  // MARK: - MP4 and MOV (ISO/IEC 14496-12)

  /// `mvhd` in `moov`, which may be the last box. A film that is sent in fragments has 0 there, which says nothing.
  private var boxed: Int64? {
    guard let movie = box("moov", from: 0, to: bytes), let header = box("mvhd", from: movie.start, to: movie.end)
    else { return nil }
    let head = head(header.start, Int(min(32, header.end - header.start)))
    switch head.byte(0) {
    case 0?:
      guard let rate = head.big(12, 4), let units = head.big(16, 4), units != 0xFFFF_FFFF else { return nil }
      return Self.milliseconds(Double(units), perSecond: Double(rate))
    case 1?:
      guard let rate = head.big(20, 4), let units = head.big(24, 8), units != .max else { return nil }
      return Self.milliseconds(Double(units), perSecond: Double(rate))
    default: return nil
    }
  }

  /// The content of the first box of a kind in a range.
  private func box(_ kind: String, from start: Int64, to end: Int64) -> (start: Int64, end: Int64)? {
    var place = start
    for _ in 0..<Self.steps where place < end {
      let head = head(place, 16)
      guard let short = head.big(0, 4), head.count >= 8 else { return nil }
      var (size, header) = (short, Int64(8))
      if short == 0 { size = UInt64(end - place) }
      if short == 1 {
        guard let long = head.big(8, 8) else { return nil }
        (size, header) = (long, 16)
      }
      guard let length = Int64(exactly: size), length >= header, length <= end - place else { return nil }
      if head.has(kind, at: 4) { return (place + header, place + length) }
      place += length
    }
    return nil
  }

  // MARK: - WAV

  /// The length of `data` by the bytes of a second in `fmt `. A stream that did not know its length says 0 or all ones, or more
  /// than there is: then what is there counts.
  private var wave: Int64? {
    var place: Int64 = 12
    var rate: UInt64?
    for _ in 0..<Self.steps {
      let head = head(place, 24)
      guard let size = head.little(4, 4) else { return nil }
      if head.has("fmt ", at: 0) { rate = head.little(16, 4) }
      if head.has("data", at: 0) {
        guard let rate else { return nil }
        let rest = UInt64(bytes - place - 8)
        return Self.milliseconds(Double(size == 0 ? rest : min(size, rest)), perSecond: Double(rate))
      }
      // Chunks begin at even places.
      place += 8 + Int64(size + size % 2)
    }
    return nil
  }

  // MARK: - FLAC (RFC 9639, section 8.2)

  /// The number of samples in STREAMINFO; 0 is not known.
  private var flac: Int64? {
    let head = head(0, 26)
    guard head.has("fLaC", at: 0), let type = head.byte(4), type & 0x7F == 0, let packed = head.big(18, 8) else {
      return nil
    }
    return Self.milliseconds(Double(packed & 0xF_FFFF_FFFF), perSecond: Double(packed >> 44))
  }

  // MARK: - Ogg (RFC 3533)

  /// The position of the last page of the stream that begins the file: Opus or Vorbis.
  private var ogg: Int64? {
    let first = head(0, 512)
    guard first.has("OggS", at: 0), let serial = first.little(14, 4), let segments = first.byte(26) else { return nil }
    let packet = 27 + Int(segments)
    var rate: UInt64 = 0
    var skipped: UInt64 = 0
    if first.has("OpusHead", at: packet), let before = first.little(packet + 10, 2) {
      (rate, skipped) = (48_000, before)
    } else if first.has("\u{1}vorbis", at: packet), let stated = first.little(packet + 12, 4) {
      rate = stated
    } else {
      return nil
    }
    let start = max(0, bytes - Int64(Self.headBytes))
    let tail = head(start, Self.headBytes)
    var place = tail.count - 27
    while place >= 0 {
      if tail.byte(place) == 0x4F, tail.has("OggS", at: place), tail.little(place + 14, 4) == serial,
        let units = tail.little(place + 6, 8), units != .max
      {
        return units > skipped ? Self.milliseconds(Double(units - skipped), perSecond: Double(rate)) : nil
      }
      place -= 1
    }
    return nil
  }

  // MARK: - MP3

  /// The number of frames in a Xing or Info header, which encoders write into the first frame. Without one nothing is certain.
  private var mpeg: Int64? {
    var place: Int64 = 0
    let tag = head(0, 10)
    if tag.has("ID3", at: 0) {
      // Seven bits a byte, and a footer where the flags say so.
      guard let size = tag.sevens(6), let flags = tag.byte(5) else { return nil }
      place = 10 + Int64(size) + (flags & 0x10 != 0 ? 10 : 0)
    }
    let frame = head(place, 192)
    guard let sync = frame.big(0, 2), sync & 0xFFE0 == 0xFFE0, let second = frame.byte(1), let third = frame.byte(2),
      let fourth = frame.byte(3)
    else { return nil }
    // Layer III of MPEG 1, 2 or 2.5.
    let version = second >> 3 & 3
    let rates: [UInt8: [Double]] = [
      3: [44_100, 48_000, 32_000], 2: [22_050, 24_000, 16_000], 0: [11_025, 12_000, 8_000],
    ]
    guard second >> 1 & 3 == 1, let known = rates[version], third >> 2 & 3 < 3 else { return nil }
    let rate = known[Int(third >> 2 & 3)]
    let isMono = fourth >> 6 == 3
    let xing = 4 + (version == 3 ? (isMono ? 17 : 32) : (isMono ? 9 : 17))
    guard frame.has("Xing", at: xing) || frame.has("Info", at: xing), let flags = frame.big(xing + 4, 4),
      flags & 1 == 1,
      let frames = frame.big(xing + 8, 4)
    else { return nil }
    return Self.milliseconds(Double(frames) * (version == 3 ? 1_152 : 576), perSecond: rate)
  }

  // MARK: - WebM and Matroska (RFC 9559)

  /// `Duration` in `Info` of the first segment, where both are near the beginning.
  private var matroska: Int64? {
    let head = head(0, Self.headBytes)
    guard let header = element(in: head, at: 0), header.id == 0x1A45_DFA3,
      let segment = element(in: head, at: header.end), segment.id == 0x1853_8067,
      let info = find(0x1549_A966, in: head, segment.start..<segment.end),
      let duration = find(0x4489, in: head, info.start..<info.end)
    else { return nil }
    let units: Double
    switch duration.end - duration.start {
    case 4:
      guard let bits = head.big(duration.start, 4) else { return nil }
      units = Double(Float(bitPattern: UInt32(bits)))
    case 8:
      guard let bits = head.big(duration.start, 8) else { return nil }
      units = Double(bitPattern: bits)
    default: return nil
    }
    // In nanoseconds; a millisecond where nothing else is said.
    var scale = 1_000_000.0
    if let stated = find(0x2A_D7B1, in: head, info.start..<info.end) {
      let count = stated.end - stated.start
      guard (1...8).contains(count), let value = head.big(stated.start, count) else { return nil }
      scale = Double(value)
    }
    return Self.milliseconds(units * scale, perSecond: 1e9)
  }

  private typealias Element = (id: UInt64, start: Int, end: Int)

  /// The element at a place; `end` may be behind the bytes that were read.
  private func element(in head: HeaderBytes, at place: Int) -> Element? {
    guard let first = head.byte(place), first != 0 else { return nil }
    let idLength = first.leadingZeroBitCount + 1
    guard idLength <= 4, let id = head.big(place, idLength), let size = head.byte(place + idLength), size != 0 else {
      return nil
    }
    let length = size.leadingZeroBitCount + 1
    guard let raw = head.big(place + idLength, length) else { return nil }
    let mask = (UInt64(1) << UInt64(7 * length)) - 1
    let start = place + idLength + length
    // All ones: to the end of what holds it.
    if raw & mask == mask { return (id, start, Int.max) }
    guard raw & mask < 1 << 53 else { return nil }
    return (id, start, start + Int(raw & mask))
  }

  private func find(_ id: UInt64, in head: HeaderBytes, _ range: Range<Int>) -> Element? {
    var place = range.lowerBound
    for _ in 0..<Self.steps where place < min(range.upperBound, head.count) {
      guard let element = element(in: head, at: place) else { return nil }
      if element.id == id { return element }
      place = element.end
    }
    return nil
  }
}

/// Bytes of a header, which may end anywhere.
private struct HeaderBytes {
  private let bytes: [UInt8]

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var count: Int { bytes.count }

  func byte(_ place: Int) -> UInt8? { bytes.indices.contains(place) ? bytes[place] : nil }

  func has(_ text: String, at place: Int) -> Bool {
    place >= 0 && place <= bytes.count - text.utf8.count && bytes[place...].starts(with: text.utf8)
  }

  /// Up to eight bytes, the first the most significant.
  func big(_ place: Int, _ count: Int) -> UInt64? {
    guard place >= 0, place <= bytes.count - count else { return nil }
    return bytes[place..<place + count].reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// Up to eight bytes, the first the least significant.
  func little(_ place: Int, _ count: Int) -> UInt64? {
    guard place >= 0, place <= bytes.count - count else { return nil }
    return bytes[place..<place + count].reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// Four bytes of seven bits each.
  func sevens(_ place: Int) -> UInt64? {
    guard let all = big(place, 4), all & 0x8080_8080 == 0 else { return nil }
    return (0..<4).reduce(0) { $0 << 7 | UInt64(bytes[place + $1]) }
  }
}
