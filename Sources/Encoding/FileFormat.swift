/// The format of any file: from its first bytes, then from the media type that its sender states, then from its extension.
///
/// A text has no signature, so that for one the order is: its extension, its sender, its bytes. The signatures of binary formats
/// are not looked for in a text: "BM" begins a bitmap and many sentences.
public struct FileFormat: Sendable, Equatable {
  /// `image/png` and so on, without parameters.
  public let mediaType: String
  /// The extension of file names, without a dot.
  public let fileExtension: String

  /// How clients show it.
  public var kind: FileKind { FileKind(mediaType: mediaType) }

  /// A format that is not recognised.
  public static let other = FileFormat("application/octet-stream", "bin")
  /// A web page.
  public static let html = known("html")
  /// A text of any kind.
  public static let text = known("txt")
  /// JSON.
  public static let json = known("json")
  /// Scalable vector graphics.
  public static let svg = known("svg")

  /// How many bytes from the start of a file are enough.
  public static let headBytes = 4_096

  private init(_ mediaType: String, _ fileExtension: String) {
    self.mediaType = mediaType
    self.fileExtension = fileExtension
  }

  /// An image format.
  public init(_ image: ImageFormat) { self.init(image.mediaType, image.fileExtension) }

  /// The format of a file.
  ///
  /// - Parameter head: its first bytes; `headBytes` are enough.
  public init(head: [UInt8], hint: FormatHint = FormatHint()) {
    let head = head.prefix(Self.headBytes)
    let (named, stated) = (Self.named(hint.fileExtension), Self.stated(hint.mediaType))
    if let text = Self.text(of: head) {
      self = [named, stated].compactMap { $0 }.first(where: \.mayBeText) ?? Self.sniffed(text)
    } else {
      let head = FileHead(Array(head))
      let unsigned = [stated, named].compactMap { $0 }.first { Self.unsigned.contains($0.fileExtension) }
      // A text that is not UTF-8, by its name only. None that a browser runs.
      let otherText = named.flatMap { $0.mayBeText && ![.html, .svg, .json].contains($0) ? $0 : nil }
      self = Self.signed(head, hint) ?? unsigned ?? otherText ?? .other
    }
  }

  /// Whether this is a text in the place of a binary file: a login page or an error of the host. Its address or its sender
  /// tells that a binary file was to come; or it is a web page, and neither says so by a name.
  public func isText(insteadOf hint: FormatHint) -> Bool {
    guard [.text, .json].contains(kind) else { return false }
    return Self.named(hint.fileExtension)?.mayBeText == false
      || [.image, .video, .audio].contains(FileKind(mediaType: hint.mediaType))
      || self == .html && hint.isDownload && !["html", "htm"].contains(hint.fileExtension)
  }

  /// Whether bytes are a file for certain: they begin with a signature of four bytes and more of a binary format. Where a text
  /// happens to be Base64, its bytes hardly do.
  public static func isCertain(_ bytes: [UInt8]) -> Bool {
    let head = FileHead(Array(bytes.prefix(headBytes)))
    guard let format = signed(head, FormatHint()) else { return false }
    return !shortSignatures.contains(format.fileExtension) || head.has("ID3") || head.has([0, 0, 0, 0x0C])
  }

  // MARK: - The formats

  /// The media types of all formats but `other`, by extension.
  private static let mediaTypes = [
    "png": "image/png", "jpg": "image/jpeg", "webp": "image/webp", "gif": "image/gif", "avif": "image/avif",
    "heic": "image/heic", "jxl": "image/jxl", "bmp": "image/bmp", "tiff": "image/tiff", "svg": "image/svg+xml",
    "mp4": "video/mp4", "mov": "video/quicktime", "webm": "video/webm", "mkv": "video/x-matroska",
    "avi": "video/x-msvideo",
    "mp3": "audio/mpeg", "wav": "audio/wav", "flac": "audio/flac", "ogg": "audio/ogg", "m4a": "audio/mp4",
    "aac": "audio/aac",
    "glb": "model/gltf-binary", "gltf": "model/gltf+json", "obj": "model/obj", "stl": "model/stl", "ply": "model/ply",
    "fbx": "model/vnd.fbx", "usdz": "model/vnd.usdz+zip",
    "zip": "application/zip", "gz": "application/gzip", "tar": "application/x-tar", "pdf": "application/pdf",
    "txt": "text/plain", "md": "text/markdown", "csv": "text/csv", "html": "text/html", "xml": "text/xml",
    "vtt": "text/vtt", "srt": "text/srt", "json": "application/json",
  ]

  private static let otherExtensions = ["jpeg": "jpg", "tif": "tiff", "htm": "html"]

  private static let otherMediaTypes = [
    "application/xml": "xml", "application/x-subrip": "srt", "application/sla": "stl", "application/xhtml+xml": "html",
    "application/geo+json": "json", "text/json": "json",
  ]

  private static let extensions = Dictionary(uniqueKeysWithValues: mediaTypes.map { ($1, $0) })

  /// Formats that are a text, or may be: STL, PLY and FBX have a form of each.
  private static let texts: Set = [
    "txt", "md", "csv", "html", "xml", "vtt", "srt", "json", "svg", "gltf", "obj", "stl", "ply", "fbx",
  ]

  /// Binary formats whose files may begin with any bytes.
  private static let unsigned: Set = ["mp3", "tar", "stl"]

  /// Formats that two or three bytes may begin.
  private static let shortSignatures: Set = ["mp3", "aac", "jxl", "gz", "jpg"]

  private var mayBeText: Bool { Self.texts.contains(fileExtension) }

  private static func known(_ suffix: String) -> FileFormat { FileFormat(mediaTypes[suffix]!, suffix) }

  /// The format of files whose names end so, without the dot and in lower case.
  public static func named(_ suffix: String) -> FileFormat? {
    let suffix = otherExtensions[suffix] ?? suffix
    return mediaTypes[suffix].map { FileFormat($0, suffix) }
  }

  /// The format of a media type, without parameters.
  public init?(mediaType: String) {
    guard let format = Self.stated(mediaType) else { return nil }
    self = format
  }

  private static func stated(_ mediaType: String) -> FileFormat? {
    (extensions[mediaType] ?? otherMediaTypes[mediaType]).map(known)
  }

  /// Whether files of a known format have names that end so, without the dot and in lower case.
  public static func isExtension(_ suffix: String) -> Bool { named(suffix) != nil }

  // MARK: - Texts

  /// The bytes as text; `nil` where they are not UTF-8, or hold a byte that no text has. The last character may be cut.
  private static func text(of head: ArraySlice<UInt8>) -> String? {
    let isPlain = head.allSatisfy { $0 >= 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0C || $0 == 0x0D }
    guard isPlain else { return nil }
    for cut in 0...3 where cut <= head.count {
      if let text = String(validating: head.dropLast(cut), as: UTF8.self) { return text }
      if head.count < headBytes { return nil }
    }
    return nil
  }

  /// The format of a text that neither its name nor its sender tells.
  private static func sniffed(_ text: String) -> FileFormat {
    let start = FileHead(Array(text.drop { $0.isWhitespace || $0 == "\u{FEFF}" }.lowercased().utf8))
    if start.has("<") {
      if start.has("<!doctype html") || start.contains("<html") || start.contains("<body") { return .html }
      if start.contains("<svg") { return .svg }
    }
    if start.has("%pdf-") { return known("pdf") }
    if start.has("ply\n") || start.has("ply\r") { return known("ply") }
    if start.has("solid "), start.contains("facet ") { return known("stl") }
    return .text
  }

  // MARK: - Binary formats

  private static func signed(_ head: FileHead, _ hint: FormatHint) -> FileFormat? {
    if let image = ImageFormat(of: head.bytes) { return FileFormat(image) }
    if head.has("ftyp", at: 4) { return boxed(head) }
    if head.has("RIFF") {
      if head.has("WAVE", at: 8) { return known("wav") }
      if head.has("AVI ", at: 8) { return known("avi") }
    }
    if head.has([0x1A, 0x45, 0xDF, 0xA3]) {
      return head.contains("webm") ? known("webm") : known("mkv")
    }
    if head.has("PK\u{3}\u{4}") { return zipped(head, hint) }
    if head.isBitmap { return known("bmp") }
    if head.isMPEGAudio { return known("mp3") }
    if head.isADTS { return known("aac") }
    return signatures.first { head.has($0.bytes) }?.format
  }

  /// Formats that begin with fixed bytes.
  private static let signatures: [(bytes: [UInt8], format: FileFormat)] = [
    ([0x49, 0x49, 0x2A, 0x00], known("tiff")), ([0x4D, 0x4D, 0x00, 0x2A], known("tiff")),
    ([0xFF, 0x0A], known("jxl")),
    ([0, 0, 0, 0x0C, 0x4A, 0x58, 0x4C, 0x20, 0x0D, 0x0A, 0x87, 0x0A], known("jxl")),
    (Array("ID3".utf8), known("mp3")), (Array("fLaC".utf8), known("flac")),
    (Array("OggS".utf8), known("ogg")), (Array("glTF".utf8), known("glb")),
    (Array("ply\n".utf8), known("ply")), (Array("ply\r".utf8), known("ply")),
    (Array("Kaydara FBX Binary".utf8), known("fbx")),
    ([0x1F, 0x8B], known("gz")), (Array("%PDF-".utf8), known("pdf")),
  ]

  /// A file of ISO/IEC 14496-12, by its main brand.
  private static func boxed(_ head: FileHead) -> FileFormat {
    switch head.text(8..<12) {
    case "heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1": known("heic")
    case "qt  ": known("mov")
    case "M4A ", "M4B ", "M4P ": known("m4a")
    default: known("mp4")
    }
  }

  /// A ZIP archive, or a model in one: the first file of a USDZ is a scene.
  private static func zipped(_ head: FileHead, _ hint: FormatHint) -> FileFormat {
    let usdz = known("usdz")
    let name = head.text(30..<30 + head.little(26))
    let isScene = [".usd", ".usda", ".usdc"].contains { name.hasSuffix($0) }
    return isScene || hint.fileExtension == "usdz" || hint.mediaType == usdz.mediaType
      ? usdz : known("zip")
  }
}

/// The first bytes of a file, which may end anywhere.
private struct FileHead {
  let bytes: [UInt8]

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  func has(_ wanted: [UInt8], at place: Int = 0) -> Bool {
    bytes.count >= place + wanted.count && bytes[place..<place + wanted.count].elementsEqual(wanted)
  }

  func has(_ wanted: String, at place: Int = 0) -> Bool { has(Array(wanted.utf8), at: place) }

  func contains(_ wanted: String) -> Bool { bytes.indices.contains { has(wanted, at: $0) } }

  /// Of two bytes; 0 beyond the end.
  func little(_ place: Int) -> Int {
    bytes.count >= place + 2 ? Int(bytes[place]) | Int(bytes[place + 1]) << 8 : 0
  }

  func text(_ range: Range<Int>) -> String {
    range.upperBound <= bytes.count ? String(decoding: bytes[range], as: UTF8.self) : ""
  }

  /// `BM`, two reserved words that are 0, and a header of one of the known lengths.
  var isBitmap: Bool {
    has("BM") && has([0, 0, 0, 0], at: 6) && [12, 40, 52, 56, 64, 108, 124].contains(little(14))
  }

  /// A frame of MP3: eleven bits that are set, layer III, and no reserved version, rate or frequency.
  var isMPEGAudio: Bool {
    guard bytes.count >= 4, bytes[0] == 0xFF, bytes[1] & 0xE0 == 0xE0 else { return false }
    return bytes[1] & 0x18 != 0x08 && bytes[1] & 0x06 == 0x02 && bytes[2] & 0xF0 != 0xF0 && bytes[2] & 0x0C != 0x0C
  }

  /// A frame of AAC in ADTS: twelve bits that are set, and layer 0.
  var isADTS: Bool { bytes.count >= 2 && bytes[0] == 0xFF && bytes[1] & 0xF6 == 0xF0 }
}
