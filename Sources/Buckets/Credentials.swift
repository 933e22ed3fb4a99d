internal import Encoding
internal import JSON

/// A key for requests to S3. Its parts are in no text: not even in a dump of the value.
struct Credentials: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
  /// The access key's id.
  var id: String
  /// The secret access key.
  var secret: String
  /// The session's token, where the key is a temporary one.
  var token: String?
  /// When it ends, in milliseconds since 1970; `nil` where it does not.
  var expires: Int64?

  /// Says nothing of the parts.
  var description: String { "credentials" }
  /// Shows no parts.
  var customMirror: Mirror { Mirror(self, children: []) }

  init(id: String, secret: String, token: String? = nil, expires: Int64? = nil) {
    (self.id, self.secret, self.token, self.expires) = (id, secret, token, expires)
  }

  /// Reads the JSON of a `credential_process` or of a container's address; `nil` if it has no key.
  init?(json bytes: [UInt8]) {
    guard let fields = (try? JSONValue(parsing: bytes))?.object, let id = fields["AccessKeyId"]?.string,
      let secret = fields["SecretAccessKey"]?.string
    else { return nil }
    let token = fields["SessionToken"]?.string ?? fields["Token"]?.string
    let expires = fields["Expiration"]?.string.flatMap { Timestamp.milliseconds(of: $0) }
    self.init(id: id, secret: secret, token: token, expires: expires)
  }

  /// Whether every part can stand in a header.
  var isUsable: Bool {
    let isPlain = { (text: String) in !text.isEmpty && text.utf8.allSatisfy { (0x21...0x7E).contains($0) } }
    return isPlain(id) && isPlain(secret) && (token.map(isPlain) ?? true)
  }
}
