#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

internal import CCurl

/// Proxies and trusted certificates, from environment variables.
///
/// libcurl could read the variables itself. The proxy is chosen here because the address of a host can be checked only
/// where a download goes to it directly, so both must decide alike.
struct ProxyEnvironment: Sendable {
  /// The value of a variable; `nil` where it is not set or empty.
  var variable: @Sendable (String) -> String?

  /// Whether a paid request gets a new connection. `false` only in the test that shows that the guard in
  /// `HTTPTransfer.start` suffices alone.
  var connectsAfresh = true

  /// Of this process.
  static let process = ProxyEnvironment(variable: { name in getenv(name).map { String(cString: $0) } })

  /// The proxy for a URL, or `nil` for none: `https_proxy`, `HTTPS_PROXY`, `http_proxy` (in lower case only: a web server
  /// sets `HTTP_PROXY` from a header), `all_proxy`, `ALL_PROXY`; `no_proxy` and `NO_PROXY` make exceptions.
  func proxy(for address: WebAddress) -> String? {
    let names = address.scheme == "https" ? ["https_proxy", "HTTPS_PROXY"] : ["http_proxy"]
    guard let proxy = first(of: names + ["all_proxy", "ALL_PROXY"]), !isException(address.host) else { return nil }
    return proxy
  }

  /// A file of certificates that replace the system's.
  var certificateFile: String? { first(of: ["CURL_CA_BUNDLE", "SSL_CERT_FILE"]) }

  /// A directory of certificates that replace the system's.
  var certificateFolder: String? { first(of: ["SSL_CERT_DIR"]) }

  /// The system's file of certificates, where it has one that can be read. libcurl must be open.
  static var systemCertificateFile: String? {
    ccurl_certificate_file().flatMap { access($0, R_OK) == 0 ? String(cString: $0) : nil }
  }

  /// The system's folder of certificates, where it has some and no file of them. libcurl must be open.
  static var systemCertificateFolder: String? {
    guard systemCertificateFile == nil, let folder = ccurl_certificate_folder() else { return nil }
    let path = String(cString: folder)
    return hasEntry(path) ? path : nil
  }

  /// One sentence where no certificate can be trusted, with the remedy; `nil` otherwise. libcurl must be open: it knows
  /// where the system's certificates are.
  var certificateProblem: String? {
    if let file = certificateFile {
      return access(file, R_OK) == 0
        ? nil : "CURL_CA_BUNDLE or SSL_CERT_FILE names \(file), which cannot be read; correct it or leave it out."
    }
    if let folder = certificateFolder, Self.hasEntry(folder) { return nil }
    if ccurl_has_own_certificates() {
      return certificateFolder.map {
        "SSL_CERT_DIR names \($0), which holds no certificates; correct it or leave it out."
      }
    }
    if Self.systemCertificateFile != nil || Self.systemCertificateFolder != nil { return nil }
    // Where libcurl names neither, its TLS library has certificates of its own, as on macOS.
    let places = [ccurl_certificate_file(), ccurl_certificate_folder()].compactMap { $0.map { String(cString: $0) } }
    return places.first { !$0.isEmpty }.map {
      "There are no certificates to trust in \($0): install the package ca-certificates."
    }
  }

  private static func hasEntry(_ folder: String) -> Bool {
    guard !folder.isEmpty, let listing = opendir(folder) else { return false }
    defer { closedir(listing) }
    // Two entries are `.` and `..`.
    for _ in 0..<3 where readdir(listing) == nil { return false }
    return true
  }

  /// Entries are `*`, domains with their subdomains, addresses and ranges of addresses, separated by commas or spaces.
  private func isException(_ host: String) -> Bool {
    guard let list = first(of: ["no_proxy", "NO_PROXY"]) else { return false }
    let host = host.hasSuffix(".") ? String(host.dropLast()) : host
    let address = NetworkAddress(host)
    return list.lowercased().split(whereSeparator: { $0 == "," || $0 == " " }).contains { entry in
      if entry == "*" { return true }
      if let address {
        let parts = entry.split(separator: "/", maxSplits: 1)
        guard let range = NetworkAddress(parts[0]) else { return false }
        return address.shares(parts.count == 2 ? Int(parts[1]) ?? -1 : range.bytes.count * 8, with: range)
      }
      var name = entry.drop { $0 == "." }
      if name.hasSuffix(".") { name = name.dropLast() }
      return host == name || host.hasSuffix(".\(name)")
    }
  }

  private func first(of names: [String]) -> String? {
    for name in names {
      if let value = variable(name), !value.isEmpty { return value }
    }
    return nil
  }
}
