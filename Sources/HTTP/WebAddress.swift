internal import CCurl

/// An http or https URL, taken apart by libcurl itself, so that what was checked is what is connected to.
///
/// libcurl must have been opened.
public struct WebAddress: Sendable, Equatable {
  /// The whole, made regular.
  public let text: String
  /// `http` or `https`; other schemes parse too, so that they can be refused by name.
  public let scheme: String
  /// In lower case; an IPv6 address in brackets; odd spellings of IPv4 made regular.
  public let host: String
  /// The port, also where it is the scheme's own.
  public let port: String

  /// Parses a whole URL.
  public init?(_ text: String) {
    self.init(base: nil, text, flags: 0)
  }

  /// Where a `Location` leads from here, relative or not.
  public func following(_ location: String) -> WebAddress? {
    // Servers put spaces and worse into this header; libcurl escapes them when it follows one, and so do we.
    WebAddress(base: text, location, flags: UInt32(CURLU_URLENCODE))
  }

  /// Where names and passwords are in it, there is nobody to give them to: it does not parse.
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
