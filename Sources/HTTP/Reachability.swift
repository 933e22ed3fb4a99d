#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// The way to a provider, looked at without spending anything.
public struct Reachability: Sendable {
  /// What a harmless question brought.
  public enum Answer: Sendable, Equatable {
    /// It answered with this HTTP status.
    case status(Int)
    /// TLS failed; in libcurl's words.
    case insecure(String)
    /// Anything else; in libcurl's words.
    case failed(String)
  }

  /// Its host, as the base URL names it.
  public let host: String
  /// The host of the proxy on the way; `nil` where there is none.
  public let proxy: String?
  private let url: String
  private let key: String
  private let http: HTTPClient

  /// - Parameters:
  ///   - baseURL: as it is configured.
  ///   - path: of something that costs nothing to ask for.
  ///   - key: empty where there is none; never in an answer.
  public init(baseURL: String, path: String, key: String, http: HTTPClient) {
    let base = BaseURL(baseURL)
    host = base.host
    url = base.text + path
    self.key = key
    self.http = http
    // A proxy's address may hold a password, which is nobody's business.
    proxy = WebAddress(url).flatMap { ProxyEnvironment.process.proxy(for: $0) }.map { text in
      let place = text.split(separator: "@").last ?? ""
      return String(place.drop { $0 == "/" }.split(separator: "/").last { !$0.hasSuffix(":") } ?? place)
    }
  }

  /// The addresses of its host; empty where DNS knows none.
  public func addresses() -> Int {
    var hints = addrinfo()
    hints.ai_socktype = Int32(streamKind)
    var found: UnsafeMutablePointer<addrinfo>?
    let name = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
    guard getaddrinfo(name, nil, &hints, &found) == 0 else { return 0 }
    defer { freeaddrinfo(found) }
    return sequence(first: found, next: { $0?.pointee.ai_next }).prefix { $0 != nil }.count { _ in true }
  }

  /// Asks.
  public func ask(completion: @escaping @Sendable (Answer) -> Void) {
    let authorization = key.isEmpty ? [] : [HTTPRequest.Header("Authorization", "Bearer \(key)")]
    let request = HTTPRequest(
      url: url, headers: authorization + [.init("Accept", "application/json")], limits: .init(total: 15_000))
    http.send(request) { result in
      switch result {
      case .success(let response): completion(.status(response.status))
      case .failure(let failure) where failure.kind == .insecure: completion(.insecure(failure.message))
      case .failure(let failure): completion(.failed(failure.message))
      }
    }
  }
}

#if canImport(Glibc)
  private let streamKind = SOCK_STREAM.rawValue
#else
  private let streamKind = SOCK_STREAM
#endif
