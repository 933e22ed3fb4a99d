internal import HTTP

/// The server of the buckets: Amazon's in a region, or one that the user named.
struct BucketHost: Sendable, Equatable {
  /// The region that requests are signed for.
  let region: String
  /// The address that the user named, without a slash at its end; `nil` for Amazon's.
  private let endpoint: String?

  /// - Parameter endpoint: an http or https URL; `nil` for Amazon's server in the region.
  init(region: String, endpoint: String?) {
    self.region = region
    self.endpoint = endpoint.map { BaseURL($0).text }
  }

  /// Where an object is.
  struct Place: Equatable {
    /// Without a query.
    var url: String
    /// The value of the `Host` header.
    var host: String
    /// The encoded path.
    var path: String
  }

  /// - Parameter key: of the object; empty for the bucket itself.
  ///
  /// With an endpoint of the user's, the bucket is in the path: few servers have a certificate for each bucket. At Amazon it is in the
  /// host's name, unless the bucket's name has dots, which the certificate does not cover.
  func place(bucket: String, key: String) -> Place {
    let key = Signature.encoded(key, slashes: true)
    guard let endpoint else {
      let host = "s3.\(region).amazonaws.com"
      return bucket.contains(".")
        ? Place(scheme: "https", host: host, path: "/\(bucket)/\(key)")
        : Place(scheme: "https", host: "\(bucket).\(host)", path: "/\(key)")
    }
    let base = BaseURL(endpoint)
    let rest = endpoint.dropFirst(base.scheme.count + 3)
    let authority = rest.prefix { $0 != "/" }
    let usual = base.scheme == "http" ? ":80" : ":443"
    let host = authority.hasSuffix(usual) ? authority.dropLast(usual.count) : authority
    return Place(
      scheme: base.scheme, host: host.lowercased(),
      path: "\(rest.dropFirst(authority.count))/\(bucket)\(key.isEmpty ? "" : "/\(key)")")
  }

  /// The server as messages name it.
  var name: String { endpoint ?? "s3.\(region).amazonaws.com" }
}

extension BucketHost.Place {
  fileprivate init(scheme: String, host: String, path: String) {
    self.init(url: "\(scheme)://\(host)\(path)", host: host, path: path)
  }
}
