#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Checks the way to a provider with a request that costs nothing.
public struct Reachability: Sendable {
  /// The answer to the request.
  public enum Answer: Sendable, Equatable {
    /// The server answered with this HTTP status.
    case status(Int)
    /// TLS failed; the message of libcurl.
    case insecure(String)
    /// Anything else failed; the message of libcurl.
    case failed(String)
  }

  /// The host of the base URL.
  public let host: String
  /// The host of the proxy; `nil` where there is none.
  public let proxy: String?
  private let url: String
  private let key: String
  private let http: HTTPClient

  /// - Parameters:
  ///   - path: behind the base URL, of a GET that costs nothing.
  ///   - key: empty where there is none; in no answer.
  public init(baseURL: String, path: String, key: String, http: HTTPClient) {
    let base = BaseURL(baseURL)
    host = base.host
    url = base.url(of: path)
    self.key = key
    self.http = http
    // Only its host: the address of a proxy may hold a password.
    proxy = WebAddress(url).flatMap { ProxyEnvironment.process.proxy(for: $0) }.map { text in
      let place = text.split(separator: "@").last ?? ""
      return String(place.drop { $0 == "/" }.split(separator: "/").last { !$0.hasSuffix(":") } ?? place)
    }
  }

  /// The number of addresses that DNS has for the host.
  public func addresses() -> Int {
    var hints = addrinfo()
    hints.ai_socktype = Int32(streamKind)
    var found: UnsafeMutablePointer<addrinfo>?
    let name = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
    guard getaddrinfo(name, nil, &hints, &found) == 0 else { return 0 }
    defer { freeaddrinfo(found) }
    return sequence(first: found, next: { $0?.pointee.ai_next }).prefix { $0 != nil }.count { _ in true }
  }

  /// Sends the request. Calls the completion once, on the client's thread.
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
