internal import CCurl

/// A URL, parsed by libcurl itself, so that the checked host is the one that libcurl connects to.
///
/// Opens libcurl.
public struct WebAddress: Sendable, Equatable {
  /// The whole URL, normalised.
  public let text: String
  /// In lower case. Schemes other than http and https parse too, so that a refusal can name them.
  public let scheme: String
  /// In lower case; IPv6 in brackets; other spellings of IPv4 normalised.
  public let host: String
  /// The port; the default one of the scheme where the URL names none.
  public let port: String

  /// Parses a whole URL.
  public init?(_ text: String) {
    self.init(base: nil, text, flags: 0)
  }

  /// The target of a `Location` header, absolute or relative to this URL.
  public func following(_ location: String) -> WebAddress? {
    // Servers put spaces into this header; libcurl escapes them when it follows one.
    WebAddress(base: text, location, flags: UInt32(CURLU_URLENCODE))
  }

  /// A URL with a user name or a password is refused: there is no server that they may be sent to.
  private init?(base: String?, _ text: String, flags: UInt32) {
    guard ccurl_open() == nil, let url = ccurl_url_init() else { return nil }
    defer { ccurl_url_cleanup(url) }
    let flags = flags | UInt32(CURLU_DISALLOW_USER) | UInt32(CURLU_NON_SUPPORT_SCHEME)
    if let base { guard ccurl_url_set(url, CURLUPART_URL, base, flags) == CURLUE_OK else { return nil } }
    guard ccurl_url_set(url, CURLUPART_URL, text, flags) == CURLUE_OK,
      let whole = Self.part(CURLUPART_URL, of: url), let scheme = Self.part(CURLUPART_SCHEME, of: url)
    else { return nil }
    self.text = whole
    self.scheme = scheme.lowercased()
    host = Self.part(CURLUPART_HOST, of: url)?.lowercased() ?? ""
    port = Self.part(CURLUPART_PORT, of: url, flags: UInt32(CURLU_DEFAULT_PORT)) ?? ""
  }

  private static func part(_ part: CURLUPart, of url: OpaquePointer, flags: UInt32 = 0) -> String? {
    var text: UnsafeMutablePointer<CChar>?
    guard ccurl_url_get(url, part, &text, flags) == CURLUE_OK, let text else { return nil }
    defer { ccurl_free(text) }
    return String(cString: text)
  }
}
