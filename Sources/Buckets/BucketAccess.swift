internal import HTTP

/// Where the server of the buckets and its key come from: the variables and files that Amazon's own tools read.
public struct BucketAccess: Sendable {
  private let variables: [String: String]
  private let home: String
  private let read: @Sendable (String) -> [UInt8]?
  private let run: @Sendable ([String]) -> [UInt8]?

  /// Reads nothing yet.
  ///
  /// - Parameters:
  ///   - variables: the environment.
  ///   - home: the user's home directory.
  ///   - read: the contents of a small file; `nil` where it cannot be read.
  ///   - run: runs a program with its arguments and returns its standard output; `nil` if it failed.
  public init(
    variables: [String: String], home: String, read: @escaping @Sendable (String) -> [UInt8]?,
    run: @escaping @Sendable ([String]) -> [UInt8]?
  ) {
    self.variables = variables.filter { !$0.value.isEmpty }
    self.home = home
    self.read = read
    self.run = run
  }

  // MARK: - The server

  /// The variables that name the server, the first that is set wins.
  static let endpointVariables = ["S3_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"]

  /// The server.
  ///
  /// - Throws: if the endpoint is not an http or https address, or if neither an endpoint nor a region is configured.
  func host() throws(BucketFailure) -> BucketHost {
    let region = variables["AWS_REGION"] ?? variables["AWS_DEFAULT_REGION"] ?? profile["region"]
    if let region,
      !region.utf8.allSatisfy({ $0 == UInt8(ascii: "-") || UInt8(ascii: "0") <= $0 && $0 <= UInt8(ascii: "z") })
    {
      throw BucketFailure("AWS_REGION is not the name of a region")
    }
    guard let name = Self.endpointVariables.first(where: { variables[$0] != nil }), let endpoint = variables[name]
    else {
      guard let region else {
        throw BucketFailure("neither AWS_REGION nor S3_ENDPOINT_URL says where the bucket is")
      }
      return BucketHost(region: region, endpoint: nil)
    }
    guard BaseURL.isUsable(endpoint), !BaseURL(endpoint).host.isEmpty, !endpoint.contains(where: { "?#".contains($0) })
    else { throw BucketFailure("\(name) must be the address of a server, as https://s3.example.org") }
    return BucketHost(region: region ?? "us-east-1", endpoint: endpoint)
  }

  // MARK: - The key

  /// The key, from the first of: the environment, the profile, the profile's `credential_process`, the container's address for
  /// credentials. May wait for that program or address.
  ///
  /// - Throws: if none is configured, or if it cannot stand in a header.
  func credentials(_ get: (_ url: String, _ token: String?) -> [UInt8]?) throws(BucketFailure) -> Credentials {
    let found = try self.found(get)
    guard found.isUsable else { throw BucketFailure("the S3 key that is configured is empty or holds a space") }
    return found
  }

  private func found(_ get: (_ url: String, _ token: String?) -> [UInt8]?) throws(BucketFailure) -> Credentials {
    if let id = variables["AWS_ACCESS_KEY_ID"] {
      guard let secret = variables["AWS_SECRET_ACCESS_KEY"] else {
        throw BucketFailure("AWS_ACCESS_KEY_ID is set, and AWS_SECRET_ACCESS_KEY is not")
      }
      return Credentials(id: id, secret: secret, token: variables["AWS_SESSION_TOKEN"])
    }
    let profile = profile
    if let id = profile["aws_access_key_id"], let secret = profile["aws_secret_access_key"] {
      return Credentials(id: id, secret: secret, token: profile["aws_session_token"])
    }
    if let command = profile["credential_process"] {
      guard let words = Self.words(of: command), let printed = run(words), let found = Credentials(json: printed) else {
        throw BucketFailure("the credential_process of profile \(profileName) printed no key")
      }
      return found
    }
    if variables["AWS_PROFILE"] != nil {
      throw BucketFailure(
        "the profile \(profileName) has neither a key nor a credential_process (roles and single sign-on are not supported)"
      )
    }
    if let url = try containerURL() {
      let token =
        variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"].flatMap(read)
        .map { String(decoding: $0, as: UTF8.self).filter { !$0.isNewline } }
        ?? variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
      guard let answer = get(url, token), let found = Credentials(json: answer) else {
        throw BucketFailure("the container's address for credentials answered without a key", mayPass: true)
      }
      return found
    }
    throw BucketFailure(
      "no S3 key is configured: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write them to ~/.aws/credentials")
  }

  private var profileName: String { variables["AWS_PROFILE"] ?? "default" }

  private var profile: [String: String] {
    let files = [
      variables["AWS_SHARED_CREDENTIALS_FILE"] ?? "\(home)/.aws/credentials",
      variables["AWS_CONFIG_FILE"] ?? "\(home)/.aws/config",
    ]
    return files.compactMap(read).map { ProfileFile($0).profile(profileName) }
      .reduce([:]) { $0.merging($1) { first, _ in first } }
  }

  /// The address of a container's agent. The token goes to it, so a plain one must be this machine's or the agents' own.
  private func containerURL() throws(BucketFailure) -> String? {
    if let path = variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] {
      guard path.hasPrefix("/") else { throw BucketFailure("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI must begin with /") }
      return "http://169.254.170.2\(path)"
    }
    guard let url = variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] else { return nil }
    let address = BaseURL(url)
    let isNear = address.reach == .loopback || ["169.254.170.2", "169.254.170.23"].contains(address.host)
    guard BaseURL.isUsable(url), address.scheme == "https" || isNear else {
      throw BucketFailure("AWS_CONTAINER_CREDENTIALS_FULL_URI must be https, or an address of this machine")
    }
    return url
  }

  /// The words of a command, separated by spaces outside of quotes; no shell is used. `nil` if there are none, or a quote is open.
  static func words(of command: String) -> [String]? {
    var words: [String] = []
    var word: String?
    var quote: Character?
    for character in command {
      if character == quote {
        quote = nil
      } else if quote == nil, character == "\"" || character == "'" {
        quote = character
        word = word ?? ""
      } else if quote == nil, character.isWhitespace {
        if let done = word { words.append(done) }
        word = nil
      } else {
        word = (word ?? "") + String(character)
      }
    }
    if let done = word { words.append(done) }
    return words.isEmpty || quote != nil ? nil : words
  }
}
