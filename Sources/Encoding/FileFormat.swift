/// The format of any file, from its first bytes, from what its sender states, and from its name, in this order.
///
/// A text has no signature, so that for one the order is: its name, its sender, its bytes. The signatures of binary formats
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
  public static let html = FileFormat("text/html", "html")
  /// A text of any kind.
  public static let text = FileFormat("text/plain", "txt")
  /// JSON.
  public static let json = FileFormat("application/json", "json")
  /// Scalable vector graphics.
  public static let svg = FileFormat("image/svg+xml", "svg")

  private static let pdf = FileFormat("application/pdf", "pdf")

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
    if let text = Self.text(of: head) {
      self =
        Self.texts[hint.fileExtension] ?? Self.texts.values.first { $0.mediaType == hint.mediaType }
        ?? Self.texts[Self.otherNames[hint.mediaType] ?? ""] ?? Self.sniffed(text)
    } else {
      let bytes = Array(head)
      self =
        ImageFormat(of: bytes).map { FileFormat($0) } ?? Self.signed(FileHead(bytes), hint)
        ?? Self.unsigned[hint.fileExtension] ?? Self.unsigned.values.first { $0.mediaType == hint.mediaType }
        ?? Self.textInAnotherEncoding(hint) ?? .other
    }
  }

  /// Whether this is a text in the place of a binary file: a login page or an error of the host. Its address or its sender
  /// tells that a binary file was to come; or it is a web page, and neither says so by a name.
  public func isText(insteadOf hint: FormatHint) -> Bool {
    guard [.text, .json].contains(kind) else { return false }
    return Self.binaryExtensions.contains(hint.fileExtension)
      || [.image, .video, .audio].contains(FileKind(mediaType: hint.mediaType))
      || self == .html && hint.isDownload && !["html", "htm"].contains(hint.fileExtension)
  }

  // MARK: - Texts

  /// Formats of text, by extension.
  private static let texts: [String: FileFormat] = [
    "txt": .text, "json": .json, "html": .html, "htm": .html, "svg": .svg, "md": .init("text/markdown", "md"),
    "csv": .init("text/csv", "csv"), "xml": .init("text/xml", "xml"), "vtt": .init("text/vtt", "vtt"),
    "srt": .init("text/srt", "srt"), "gltf": .init("model/gltf+json", "gltf"), "obj": .init("model/obj", "obj"),
    "stl": .init("model/stl", "stl"), "ply": .init("model/ply", "ply"), "fbx": .init("model/vnd.fbx", "fbx"),
  ]

  /// Other media types of the same formats, and their extensions.
  private static let otherNames = [
    "application/xml": "xml", "application/x-subrip": "srt", "application/sla": "stl", "application/xhtml+xml": "html",
    "application/geo+json": "json", "text/json": "json",
  ]

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
    if start.has("%pdf-") { return pdf }
    if start.has("ply\n") || start.has("ply\r") { return texts["ply"]! }
    if start.has("solid "), start.contains("facet ") { return texts["stl"]! }
    return .text
  }

  /// A text that is not UTF-8, by its name only. Never one that a browser runs.
  private static func textInAnotherEncoding(_ hint: FormatHint) -> FileFormat? {
    texts[hint.fileExtension].flatMap { $0 == .html || $0 == .svg || $0 == .json ? nil : $0 }
  }

  // MARK: - Binary formats

  /// Formats without a signature, by extension.
  private static let unsigned: [String: FileFormat] = [
    "stl": .init("model/stl", "stl"), "mp3": .init("audio/mpeg", "mp3"), "tar": .init("application/x-tar", "tar"),
  ]

  /// Extensions of formats that are never a text.
  private static let binaryExtensions = Set(ImageFormat.allCases.map(\.fileExtension)).union([
    "jpeg", "heic", "jxl", "bmp", "tiff", "tif", "mp4", "mov", "webm", "mkv", "avi", "mp3", "wav", "flac", "ogg", "m4a",
    "aac", "glb", "usdz", "zip", "gz", "tar", "pdf",
  ])

  private static func signed(_ head: FileHead, _ hint: FormatHint) -> FileFormat? {
    if head.has("ftyp", at: 4) { return boxed(head) }
    if head.has("RIFF") {
      if head.has("WAVE", at: 8) { return .init("audio/wav", "wav") }
      if head.has("AVI ", at: 8) { return .init("video/x-msvideo", "avi") }
    }
    if head.has([0x1A, 0x45, 0xDF, 0xA3]) {
      return head.contains("webm") ? .init("video/webm", "webm") : .init("video/x-matroska", "mkv")
    }
    if head.has("PK\u{3}\u{4}") { return zipped(head, hint) }
    if head.isBitmap { return .init("image/bmp", "bmp") }
    if head.isMPEGAudio { return .init("audio/mpeg", "mp3") }
    if head.isADTS { return .init("audio/aac", "aac") }
    return signatures.first { head.has($0.bytes) }?.format
  }

  /// Formats that begin with fixed bytes.
  private static let signatures: [(bytes: [UInt8], format: FileFormat)] = [
    ([0x49, 0x49, 0x2A, 0x00], .init("image/tiff", "tiff")), ([0x4D, 0x4D, 0x00, 0x2A], .init("image/tiff", "tiff")),
    ([0xFF, 0x0A], .init("image/jxl", "jxl")),
    ([0, 0, 0, 0x0C, 0x4A, 0x58, 0x4C, 0x20, 0x0D, 0x0A, 0x87, 0x0A], .init("image/jxl", "jxl")),
    (Array("ID3".utf8), .init("audio/mpeg", "mp3")), (Array("fLaC".utf8), .init("audio/flac", "flac")),
    (Array("OggS".utf8), .init("audio/ogg", "ogg")), (Array("glTF".utf8), .init("model/gltf-binary", "glb")),
    (Array("ply\n".utf8), .init("model/ply", "ply")), (Array("ply\r".utf8), .init("model/ply", "ply")),
    (Array("Kaydara FBX Binary".utf8), .init("model/vnd.fbx", "fbx")),
    ([0x1F, 0x8B], .init("application/gzip", "gz")), (Array("%PDF-".utf8), pdf),
  ]

  /// A file of ISO/IEC 14496-12, by its main brand.
  private static func boxed(_ head: FileHead) -> FileFormat {
    switch head.text(8..<12) {
    case "heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1": .init("image/heic", "heic")
    case "qt  ": .init("video/quicktime", "mov")
    case "M4A ", "M4B ", "M4P ": .init("audio/mp4", "m4a")
    default: .init("video/mp4", "mp4")
    }
  }

  /// A ZIP archive, or a model in one: the first file of a USDZ is a scene.
  private static func zipped(_ head: FileHead, _ hint: FormatHint) -> FileFormat {
    let usdz = FileFormat("model/vnd.usdz+zip", "usdz")
    let name = head.text(30..<30 + head.little(26))
    let isScene = [".usd", ".usda", ".usdc"].contains { name.hasSuffix($0) }
    return isScene || hint.fileExtension == "usdz" || hint.mediaType == usdz.mediaType
      ? usdz : .init("application/zip", "zip")
  }
}

/// What is known of a file's format beside its bytes.
public struct FormatHint: Sendable, Equatable {
  /// As its sender states it, in lower case and without parameters; empty where it does not.
  public let mediaType: String
  /// Of its name or address, in lower case and without the dot; empty where it has none.
  public let fileExtension: String

  /// Whether it came from an address, not within an answer.
  public let isDownload: Bool

  /// - Parameters:
  ///   - mediaType: a media type or the value of a `Content-Type`, with parameters or without.
  ///   - address: a path or URL; a query and a fragment are left out.
  public init(mediaType: String? = nil, address: String = "") {
    self.mediaType = (mediaType ?? "").prefix { $0 != ";" }.filter { !$0.isWhitespace }.lowercased()
    let path = address.prefix { $0 != "?" && $0 != "#" }
    let name = path.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
    fileExtension = name.contains(".") ? name.split(separator: ".").last?.lowercased() ?? "" : ""
    isDownload = !address.isEmpty
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
