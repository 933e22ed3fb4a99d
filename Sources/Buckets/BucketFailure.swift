internal import HTTP

/// Why a request to a bucket failed. Holds nothing of a key.
struct BucketFailure: Error, Sendable, Equatable {
  /// Continues a sentence after a colon, without a full stop.
  var reason: String
  /// Whether the same request may succeed later without a change by the user.
  var mayPass: Bool
  /// What the server called it; empty where it did not.
  var code = ""

  init(_ reason: String, mayPass: Bool = false, code: String = "") {
    (self.reason, self.mayPass, self.code) = (reason, mayPass, code)
  }

  /// The failure that an answer without success reports.
  ///
  /// - Parameters:
  ///   - bucket: the bucket of the request.
  ///   - server: as messages name it.
  init(_ answer: HTTPResponse, bucket: String, server: String) {
    let text = String(decoding: answer.body.prefix(4_096), as: UTF8.self)
    let code = Self.element("Code", of: text) ?? ""
    let named = code.isEmpty ? "status \(answer.status)" : code
    let mayPass = answer.status >= 500 || [408, 409, 425, 429].contains(answer.status)
    let region = answer.headers["x-amz-bucket-region"] ?? Self.element("Region", of: text)
    switch (answer.status, code) {
    case _ where Self.isPage(answer, text):
      self.init(
        "\(server) answers with a web page and not as S3 does: check S3_ENDPOINT_URL", mayPass: answer.status >= 500)
    case (301, _), (307, _), (_, "PermanentRedirect"), (_, "AuthorizationHeaderMalformed"),
      (_, "IllegalLocationConstraintException"):
      let advice = region.map { "set AWS_REGION to \(Self.name($0))" } ?? "check AWS_REGION and S3_ENDPOINT_URL"
      self.init("the bucket \(bucket) is in another region: \(advice)", code: code)
    case (_, "NoSuchBucket"): self.init("the bucket \(bucket) does not exist at \(server)", code: code)
    case (_, "InvalidAccessKeyId"), (_, "SignatureDoesNotMatch"), (_, "ExpiredToken"), (_, "InvalidToken"), (401, _):
      self.init("\(server) does not accept the key (\(Self.name(named)))", code: code)
    case (403, _): self.init("\(server) refuses access to the bucket \(bucket) (\(Self.name(named)))", code: code)
    case (300..<400, _): self.init("\(server) answers with a redirect, which is not followed: check S3_ENDPOINT_URL")
    default: self.init("\(server) answers with \(Self.name(named))", mayPass: mayPass, code: code)
    }
  }

  /// What a request without a whole answer says.
  init(_ failure: HTTPFailure, server: String) {
    let isFixed = [.badRequest, .insecure, .unavailable].contains(failure.kind)
    let message = failure.message.hasSuffix(".") ? String(failure.message.dropLast()) : failure.message
    self.init("\(server) gives no answer: \(message)", mayPass: !isFixed)
  }

  /// Whether an answer is a page for people: of a proxy, of a login, of another kind of server.
  static func isPage(_ answer: HTTPResponse, _ text: String? = nil) -> Bool {
    let type = answer.headers["content-type"]?.lowercased() ?? ""
    let start = (text ?? String(decoding: answer.body.prefix(64), as: UTF8.self)).drop(while: \.isWhitespace)
      .lowercased()
    return type.hasPrefix("text/html") || start.hasPrefix("<!doctype html") || start.hasPrefix("<html")
  }

  /// The text of the first element of a name.
  private static func element(_ name: String, of text: String) -> String? {
    let text = Array(text.utf8)
    func place(of tag: String, from start: Int) -> Int? {
      let tag = Array(tag.utf8)
      return (start..<max(start, text.count - tag.count + 1)).first { text[$0..<$0 + tag.count].elementsEqual(tag) }
    }
    guard let start = place(of: "<\(name)>", from: 0), let end = place(of: "</\(name)>", from: start) else {
      return nil
    }
    return String(decoding: text[start + name.utf8.count + 2..<end], as: UTF8.self)
  }

  /// A name that a server sent, for a message.
  private static func name(_ text: String) -> String {
    String(text.prefix(64).filter { $0.isASCII && ($0.isLetter || $0.isNumber || " -_.".contains($0)) })
  }
}
