internal import HTTP
internal import Encoding
internal import Predictions

extension RemoteOutput {
  /// A file, where the text, without white space around it, is a URL, a data URI, or the base64 of a file that its bytes tell.
  init?(text: String) {
    let text = text.trimmed
    let start = text.prefix(8).lowercased()
    if start.hasPrefix("https://") || start.hasPrefix("http://") {
      // A sentence may begin with an address.
      guard !text.contains(where: \.isWhitespace) else { return nil }
      self = .location(text)
    } else if start.hasPrefix("data:"), let uri = DataURI(text) {
      self = .bytes(uri.bytes, FormatHint(mediaType: uri.mediaType))
    } else if let bytes = Base64.decodeLeniently(Array(text.utf8).span),
      ImageFormat(of: bytes) != nil || FileFormat.isCertain(bytes)
    {
      // Only what its bytes tell: any word of four letters is base64 too.
      self = .bytes(bytes)
    } else {
      return nil
    }
  }
}

extension String {
  /// The text without white space and control characters around it.
  var trimmed: String {
    let bytes = utf8.drop { $0 <= 0x20 }.reversed().drop { $0 <= 0x20 }.reversed()
    return String(decoding: Array(bytes), as: UTF8.self)
  }
}
