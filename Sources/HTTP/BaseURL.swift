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
    self = path.isEmpty || base.hasPath ? base : BaseURL(base.url(of: path))
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

  /// The address of a path below this one. A query of its own (`?api-version=…`) stands behind the path.
  ///
  /// - Parameter path: with a slash at its start and without a query; or empty.
  public func url(of path: String) -> String {
    var folder = text.prefix { !"?#".contains($0) }
    let query = text[folder.endIndex...].prefix { $0 != "#" }
    while folder.last == "/" { folder.removeLast() }
    return "\(folder)\(path)\(query)"
  }

  /// What a reference in an answer means: `/1.png` at this host, `1.png` below this address. A whole address is itself.
  public func resolved(_ reference: String) -> String {
    if reference.hasPrefix("//") { return "\(scheme):\(reference)" }
    if reference.hasPrefix("/") { return origin + reference }
    let place = reference.prefix { !"?#".contains($0) }
    if place.prefix(while: { $0 != "/" }).contains(":") { return reference }
    var parts = text.prefix { !"?#".contains($0) }.dropFirst(origin.count).split(separator: "/")
    // RFC 3986, section 5.2.4.
    for part in place.split(separator: "/") where part != "." {
      if part == ".." { _ = parts.popLast() } else { parts.append(part) }
    }
    return "\(origin)/\(parts.joined(separator: "/"))\(reference[place.endIndex...])"
  }

  /// Scheme, host and port.
  private var origin: String {
    let start = text.utf8.count >= scheme.utf8.count + 3 ? text.dropFirst(scheme.count + 3) : ""
    return "\(scheme)://\(start.prefix { !"/?#".contains($0) })"
  }

  /// Whether a path stands behind the host.
  var hasPath: Bool {
    url(of: "").split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false).last?
      .prefix { $0 != "?" }.contains("/") ?? false
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
