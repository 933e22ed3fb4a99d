internal import Encoding

/// AWS Signature Version 4 of one request to S3. Pure: checked against the examples in Amazon's documentation.
///
/// Written here and not left to libcurl, which up to 7.88 signs paths and queries with some characters wrongly.
struct Signature {
  /// What is signed of a request.
  struct Request {
    var method: String
    /// Encoded, as it is sent.
    var path: String
    /// Neither sorted nor encoded yet.
    var query: [(name: String, value: String)] = []
    /// Those that are signed, in lower case; `host` must be among them.
    var headers: [(name: String, value: String)]
    /// SHA-256 of the body in hexadecimal.
    var bodyHash: String
  }

  var credentials: Credentials
  var region: String
  /// Milliseconds since 1970, by the server's clock.
  var time: Int64

  /// The hash of a body without bytes.
  static let emptyBody = SHA256.hash([]).hexadecimal

  /// The moment as a header has it: `20130524T000000Z`.
  static func stamp(_ milliseconds: Int64) -> String {
    Timestamp.text(milliseconds).prefix(19).filter { $0 != "-" && $0 != ":" } + "Z"
  }

  /// A text with every byte encoded but `A–Z a–z 0–9 - . _ ~`.
  ///
  /// - Parameter slashes: whether `/` stays too, as in a path.
  static func encoded(_ text: String, slashes: Bool) -> String {
    var result = ""
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        result.unicodeScalars.append(Unicode.Scalar(byte))
      case UInt8(ascii: "/") where slashes: result += "/"
      default: result += "%" + [byte].hexadecimal.uppercased()
      }
    }
    return result
  }

  /// The value of the `Authorization` header.
  func authorization(of request: Request) -> String {
    let names = Self.signedHeaders(of: request)
    let signature = signature(of: Self.canonical(request))
    return
      "AWS4-HMAC-SHA256 Credential=\(credentials.id)/\(scope),SignedHeaders=\(names),Signature=\(signature)"
  }

  // MARK: Steps, as Amazon's documentation names them

  private var scope: String { "\(Self.stamp(time).prefix(8))/\(region)/s3/aws4_request" }

  private static func signedHeaders(of request: Request) -> String {
    request.headers.map(\.name).sorted().joined(separator: ";")
  }

  private static func canonical(_ request: Request) -> String {
    let query = request.query
      .map { (encoded($0.name, slashes: false), encoded($0.value, slashes: false)) }.sorted { $0 < $1 }
      .map { "\($0)=\($1)" }
    let headers = request.headers.sorted { $0.name < $1.name }.map { "\($0.name):\($0.value)\n" }
    return [
      request.method, request.path, query.joined(separator: "&"), headers.joined(), signedHeaders(of: request),
      request.bodyHash,
    ].joined(separator: "\n")
  }

  private func signature(of canonical: String) -> String {
    let hash = SHA256.hash(Array(canonical.utf8)).hexadecimal
    let text = "AWS4-HMAC-SHA256\n\(Self.stamp(time))\n\(scope)\n\(hash)"
    var key = Array("AWS4\(credentials.secret)".utf8)
    for part in [String(Self.stamp(time).prefix(8)), region, "s3", "aws4_request", text] {
      key = SHA256.authenticate(Array(part.utf8), key: key)
    }
    return key.hexadecimal
  }
}
