/// The address that a user gave for a provider, without slashes at its end.
///
/// Parsed here, because libcurl is not opened before the first request.
public struct BaseURL: Sendable, Equatable {
  /// The address; paths are put behind it.
  public let text: String
  /// In lower case.
  public let scheme: String
  /// In lower case, IPv6 in brackets; empty where it is not certain.
  public let host: String
  /// The kind of network that its host is in, by its text: a name counts as public.
  public let reach: NetworkAddress.Reach

  /// Reads an address; one that cannot be used has an empty scheme and an empty host.
  ///
  /// - Parameter path: appended to an address without a path: `/v1`.
  public init(_ text: String, defaultPath path: String) {
    let base = BaseURL(text)
    self = path.isEmpty || base.hasPath ? base : BaseURL(base.text + path)
  }

  /// Reads an address; one that cannot be used has an empty scheme and an empty host.
  public init(_ text: String) {
    var text = text[...]
    while text.last == "/" || text.last?.isWhitespace == true { text.removeLast() }
    text = text.drop { $0.isWhitespace }
    self.text = String(text)
    let parts = text.split(separator: ":", maxSplits: 1)
    guard parts.count == 2, parts[1].hasPrefix("//") else {
      (scheme, host, reach) = ("", "", .public)
      return
    }
    scheme = parts[0].lowercased()
    let authority = parts[1].dropFirst(2).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    host = Self.host(of: authority)
    if Self.isThisMachine(host) {
      reach = .loopback
    } else {
      reach = NetworkAddress(host)?.reach ?? .public
    }
  }

  /// Whether a text can be the address of a provider: http or https, with a host.
  public static func isUsable(_ text: String) -> Bool {
    let address = BaseURL(text)
    let authority = address.text.dropFirst(address.scheme.count + 3).prefix { !"/?#".contains($0) }
    return ["http", "https"].contains(address.scheme) && !authority.isEmpty
      && address.text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
  }

  /// Whether requests to this address cross a network unencrypted.
  public static func isCleartext(_ text: String) -> Bool {
    let address = BaseURL(text)
    return address.scheme == "http" && address.reach != .loopback
  }

  /// Whether a path stands behind the host.
  var hasPath: Bool {
    text.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false).last?.contains("/") ?? false
  }

  /// Whether a host is `localhost`, a name below it (RFC 6761) or a loopback address.
  public static func isThisMachine(_ host: String) -> Bool {
    host == "localhost" || host.hasSuffix(".localhost") || NetworkAddress(host)?.reach == .loopback
  }

  private static func host(of authority: Substring) -> String {
    // An unusual authority names no host, so that no host is trusted for it.
    guard authority.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") && $0 != UInt8(ascii: "@") })
    else { return "" }
    if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") { return authority[...end].lowercased() }
    return authority.prefix { $0 != ":" }.lowercased()
  }
}
