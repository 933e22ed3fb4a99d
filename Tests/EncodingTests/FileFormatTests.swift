import Encoding
import Testing

@Suite struct FileFormatTests {
  private static func box(_ brand: String) -> [UInt8] {
    [0, 0, 0, 24] + Array("ftyp\(brand)\u{0}\u{0}\u{0}\u{0}isom".utf8)
  }
  private static func zip(_ name: String) -> [UInt8] {
    Array("PK\u{3}\u{4}".utf8) + [UInt8](repeating: 0, count: 22) + [UInt8(name.utf8.count), 0, 0, 0] + Array(name.utf8)
  }
  private static func riff(_ form: String) -> [UInt8] { Array("RIFF".utf8) + [1, 0, 0, 0] + Array(form.utf8) }

  @Test(
    "binary formats are recognised by their bytes, whatever their name and sender say",
    arguments: [
      (ImageFormat.pngSignature, "image/png", FileKind.image), ([0xFF, 0xD8, 0xFF, 0xE0], "image/jpeg", .image),
      (riff("WEBPVP8 "), "image/webp", .image), (Array("GIF89a\u{1}\u{0}".utf8), "image/gif", .image),
      (box("avif"), "image/avif", .image), (box("heic"), "image/heic", .image), ([0xFF, 0x0A, 0], "image/jxl", .image),
      (Array("BM".utf8) + [9, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 40, 0, 0, 0], "image/bmp", .image),
      ([0x49, 0x49, 0x2A, 0, 8, 0], "image/tiff", .image), (box("isom"), "video/mp4", .video),
      (box("qt  "), "video/quicktime", .video), (box("M4A "), "audio/mp4", .audio),
      ([0x1A, 0x45, 0xDF, 0xA3, 0x42, 0x82, 0x84] + Array("webm".utf8), "video/webm", .video),
      ([0x1A, 0x45, 0xDF, 0xA3, 0x42, 0x82, 0x88] + Array("matroska".utf8), "video/x-matroska", .video),
      (riff("AVI LIST"), "video/x-msvideo", .video), (riff("WAVEfmt "), "audio/wav", .audio),
      (Array("ID3\u{4}\u{0}".utf8), "audio/mpeg", .audio), ([0xFF, 0xFB, 0x90, 0x64], "audio/mpeg", .audio),
      ([0xFF, 0xF1, 0x50, 0x80], "audio/aac", .audio), (Array("fLaC\u{0}".utf8), "audio/flac", .audio),
      (Array("OggS\u{0}".utf8), "audio/ogg", .audio), (Array("glTF\u{2}\u{0}".utf8), "model/gltf-binary", .model),
      (Array("Kaydara FBX Binary  \u{0}".utf8), "model/vnd.fbx", .model),
      (zip("scene.usdc"), "model/vnd.usdz+zip", .model),
      (zip("a.txt"), "application/zip", .archive), ([0x1F, 0x8B, 8, 0], "application/gzip", .archive),
      (Array("%PDF-1.7\n".utf8) + [0xE2, 0xE3, 0xCF, 0xD3], "application/pdf", .other),
      ([0, 1, 2, 3], "application/octet-stream", .other), ([0xFF, 0xFE, 0x68, 0], "application/octet-stream", .other),
    ] as [([UInt8], String, FileKind)])
  func signatures(head: [UInt8], mediaType: String, kind: FileKind) {
    for hint in [FormatHint(), FormatHint(mediaType: "text/plain", address: "https://x/a.json")] {
      let format = FileFormat(head: head, hint: hint)
      #expect(format.mediaType == mediaType && format.kind == kind)
      #expect(!format.isText(insteadOf: FormatHint(address: "/x.png")))
    }
  }

  @Test func onlyALongSignatureIsCertain() {
    for head in [Self.box("isom"), Self.riff("WAVE"), Self.zip("a.txt"), Array("fLaC".utf8), Array("ID3\u{4}".utf8)] {
      #expect(FileFormat.isCertain(head))
    }
    let words = ["", "foxes", "//swabc", "/wo", "H4sIAAAA", "a fox runs over the hill"].map {
      Base64.decodeLeniently(Array($0.utf8).span) ?? []
    }
    for word in words { #expect(!FileFormat.isCertain(word)) }
    #expect(!FileFormat.isCertain([]) && !FileFormat.isCertain([0xFF, 0xFB, 0x90, 0x64]))
  }

  @Test(
    "a text is what its name says, then what its sender says, then what it looks like",
    arguments: [
      ("{}", "", "/a.json", "application/json", "json"),
      ("{}", "application/json; charset=utf-8", "/a", "application/json", "json"),
      ("a,b", "text/plain", "https://x/a.csv?b=c.md#d", "text/csv", "csv"),
      ("# A", "TEXT/MARKDOWN", "", "text/markdown", "md"),
      ("<?xml version='1.0'?>\n<SVG xmlns='…'/>", "", "/a", "image/svg+xml", "svg"),
      ("v 0 0 0", "", "/a.OBJ", "model/obj", "obj"),
      (" <!DOCTYPE html>", "", "", "text/html", "html"), ("solid a\nfacet normal", "", "", "model/stl", "stl"),
      ("ply\nformat ascii 1.0", "", "", "model/ply", "ply"),
      ("{\"asset\":{}}", "model/gltf+json", "", "model/gltf+json", "gltf"),
      ("; FBX 7.4.0 project file", "", "/a.fbx", "model/vnd.fbx", "fbx"),
      ("<!-- <svg --><body>", "", "", "text/html", "html"),
      ("BM is the start of a sentence", "", "", "text/plain", "txt"),
      ("RIFF", "image/webp", "/a.webp", "text/plain", "txt"),
      ("a/b", "application/xml", "", "text/xml", "xml"), ("", "", "", "text/plain", "txt"),
    ])
  func texts(text: String, stated: String, address: String, mediaType: String, suffix: String) {
    let format = FileFormat(head: Array(text.utf8), hint: FormatHint(mediaType: stated, address: address))
    #expect(format.mediaType == mediaType && format.fileExtension == suffix)
  }

  @Test("a character that the head cuts does not make a text binary; a control character does")
  func cuts() {
    let text = String(repeating: "é", count: FileFormat.headBytes)
    #expect(FileFormat(head: Array(("x" + text).utf8)).kind == .text)
    #expect(FileFormat(head: Array("é".utf8.dropLast())).kind == .other)
    #expect(FileFormat(head: Array("a\u{1B}[31m".utf8)).kind == .other)
    #expect(FileFormat(head: [0xE9], hint: FormatHint(address: "/a.csv")).mediaType == "text/csv")
    #expect(FileFormat(head: [0xE9], hint: FormatHint(address: "/a.html")) == .other)
  }

  @Test(
    "no bytes trap",
    arguments: [[UInt8]](arrayLiteral: [], [0xFF], [0xFF, 0xFB], Array("PK\u{3}\u{4}".utf8), Array("BM\u{0}".utf8)))
  func short(head: [UInt8]) {
    #expect(FileFormat(head: head).fileExtension.isEmpty == false)
  }

  @Test("a login page or an error under the address of an image is not the image")
  func textInstead() {
    let page = FileFormat(head: Array("<html>".utf8), hint: FormatHint(mediaType: "image/png"))
    #expect(page == .html)
    for name in ["/a.png", "/a.JPEG?x=.html", "/a.mp4"] { #expect(page.isText(insteadOf: FormatHint(address: name))) }
    for name in ["/a", "/a.png/b", "/a.svg"] { #expect(page.isText(insteadOf: FormatHint(address: name))) }
    #expect(FileFormat.json.isText(insteadOf: FormatHint(mediaType: "video/mp4", address: "/a")))
    for name in ["/a", "/a.csv"] { #expect(!FileFormat.text.isText(insteadOf: FormatHint(address: name))) }
    for name in ["", "/a.html"] {
      #expect(!page.isText(insteadOf: FormatHint(address: name)))
    }
    #expect(!FileFormat.svg.isText(insteadOf: FormatHint(address: "/a.png")))
    #expect(FileFormat.json.isText(insteadOf: FormatHint(address: "/a.glb")))
  }

  @Test func kindsOfMediaTypes() {
    #expect(FileKind(mediaType: "image/avif") == .image && FileKind(mediaType: "image/svg+xml") == .vector)
    #expect(FileKind(mediaType: "") == .other && FileKind(mediaType: "text/x-unknown") == .text)
  }
}
