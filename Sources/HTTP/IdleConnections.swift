/// Which connections stay open when their request has ended. A pure struct.
///
/// A paid request always gets a new connection. If all of these stayed open, a process that lives long would hold as many as
/// libcurl allows. So one is left for the polls that follow, and the others are closed while polls have theirs.
struct IdleConnections {
  /// For how long a connection is taken to be open after a request, in milliseconds.
  static let lifetime: Int64 = 30_000
  private static let limit = 64

  /// When a request last left a connection open, by the beginning of its URL.
  private var usedAt: [String: Int64] = [:]

  /// Whether the connection of a request that begins now stays open after it.
  mutating func keeps(_ request: HTTPRequest, now: Int64) -> Bool {
    let host = Self.host(of: request.url)
    switch request.purpose {
    case .open, .download, .upload: return true
    case .repeatable: break
    case .once:
      if let last = usedAt[host], now - last < Self.lifetime { return false }
    }
    if usedAt.count >= Self.limit, usedAt[host] == nil { usedAt.removeAll(keepingCapacity: true) }
    usedAt[host] = now
    return true
  }

  /// Scheme, host and port, as they are written.
  private static func host(of url: String) -> String {
    url.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false).prefix(3).joined(separator: "/")
  }
}
