import HTTP
import Predictions
import Testing

@testable import Buckets

/// Where the server and the key come from.
struct AccessTests {
  private func access(
    _ variables: [String: String], files: [String: String] = [:], printed: [[String]: String] = [:]
  ) -> BucketAccess {
    BucketAccess(
      variables: variables, home: "/home/fox", read: { files[$0].map { Array($0.utf8) } },
      run: { printed[$0].map { Array($0.utf8) } })
  }

  private func key(_ access: BucketAccess, at address: String? = nil, answer: String = "") throws -> Credentials {
    try access.credentials { url, token in url == address ? Array("\(answer)".utf8) : nil }
  }

  private let files = [
    "/home/fox/.aws/credentials": """
    # comment
    [default]
    aws_access_key_id = AKID
    aws_secret_access_key=secret=with=equals
    [work]
    aws_access_key_id = AKIDWORK
    aws_secret_access_key = worksecret
    aws_session_token = worktoken
    """,
    "/home/fox/.aws/config": """
    [default]
    region = eu-west-3
    s3 =
      region = nested
    [profile made]
    credential_process = /bin/keys --for "my pictures"
    region = us-west-2
    """,
  ]

  @Test func theEnvironmentComesFirst() throws {
    let both = access(
      ["AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "B", "AWS_SESSION_TOKEN": "C"], files: files)
    #expect(try key(both) == Credentials(id: "A", secret: "B", token: "C"))
    #expect(throws: BucketFailure("AWS_ACCESS_KEY_ID is set, and AWS_SECRET_ACCESS_KEY is not")) {
      try key(access(["AWS_ACCESS_KEY_ID": "A"], files: files))
    }
  }

  @Test func profiles() throws {
    #expect(try key(access([:], files: files)) == Credentials(id: "AKID", secret: "secret=with=equals"))
    #expect(
      try key(access(["AWS_PROFILE": "work"], files: files))
        == Credentials(id: "AKIDWORK", secret: "worksecret", token: "worktoken"))
    #expect(try access([:], files: files).host().region == "eu-west-3")
    #expect(try access(["AWS_PROFILE": "made", "AWS_DEFAULT_REGION": "x-1"], files: files).host().region == "x-1")
    #expect(throws: BucketFailure.self) { try key(access(["AWS_PROFILE": "none"], files: files)) }
    #expect(throws: BucketFailure.self) { try key(access([:])) }
  }

  @Test func aProcessThatPrintsAKey() throws {
    let command = ["/bin/keys", "--for", "my pictures"]
    let json = """
      {"Version": 1, "AccessKeyId": "P", "SecretAccessKey": "Q", "SessionToken": "R", "Expiration": "2030-01-01T00:00:00Z"}
      """
    let found = try key(access(["AWS_PROFILE": "made"], files: files, printed: [command: json]))
    #expect(found == Credentials(id: "P", secret: "Q", token: "R", expires: 1_893_456_000_000))
    #expect(throws: BucketFailure.self) { try key(access(["AWS_PROFILE": "made"], files: files)) }
    #expect(BucketAccess.words(of: "a 'b c'd \"\"") == ["a", "b cd", ""])
    #expect(BucketAccess.words(of: "a 'b") == nil && BucketAccess.words(of: " ") == nil)
  }

  @Test func aContainersAddress() throws {
    let json = #"{"AccessKeyId": "P", "SecretAccessKey": "Q", "Token": "R"}"#
    let relative = access(["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/role"])
    #expect(try key(relative, at: "http://169.254.170.2/role", answer: json).token == "R")
    let full = access(["AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9/role"])
    #expect(try key(full, at: "http://127.0.0.1:9/role", answer: json).id == "P")
    // The token would cross a network unencrypted.
    #expect(throws: BucketFailure.self) {
      try key(
        access(["AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://example.org/"]), at: "http://example.org/", answer: json)
    }
  }

  @Test func aKeyThatIsNoHeaderIsRefused() {
    #expect(throws: BucketFailure.self) {
      try key(access(["AWS_ACCESS_KEY_ID": "A\r\nX: y", "AWS_SECRET_ACCESS_KEY": "B"]))
    }
  }

  // MARK: The server

  private func place(_ variables: [String: String], bucket: String = "pictures", key: String = "a b/c+.png") throws
    -> BucketHost.Place
  {
    try access(variables).host().place(bucket: bucket, key: key)
  }

  @Test func amazonsServers() throws {
    let place = try place(["AWS_REGION": "eu-west-1"])
    #expect(place.url == "https://pictures.s3.eu-west-1.amazonaws.com/a%20b/c%2B.png")
    #expect(place.host == "pictures.s3.eu-west-1.amazonaws.com" && place.path == "/a%20b/c%2B.png")
    // Amazon's certificate does not hold for a name with a dot.
    let dotted = try self.place(["AWS_REGION": "eu-west-1"], bucket: "my.pictures", key: "x")
    #expect(dotted.url == "https://s3.eu-west-1.amazonaws.com/my.pictures/x")
    #expect(throws: BucketFailure.self) { try access([:]).host() }
    #expect(throws: BucketFailure.self) { try access(["AWS_REGION": "evil.example/"]).host() }
  }

  @Test func aServerOfTheUser() throws {
    let place = try place(["S3_ENDPOINT_URL": "http://LOCALHOST:8333/", "AWS_ENDPOINT_URL": "http://other"])
    #expect(place.url == "http://localhost:8333/pictures/a%20b/c%2B.png" && place.host == "localhost:8333")
    let below = try self.place(["AWS_ENDPOINT_URL_S3": "https://h:443/s3"], key: "")
    #expect(below.url == "https://h/s3/pictures" && below.host == "h" && below.path == "/s3/pictures")
    for wrong in ["ftp://h", "h:8333", "http://a@h", "http://h?x=1"] {
      #expect(throws: BucketFailure.self) { try access(["S3_ENDPOINT_URL": wrong]).host() }
    }
  }

  // MARK: Addresses

  @Test func addresses() throws {
    let address = try BucketAddress("s3://pictures/a/b c/")
    #expect(address.text == "s3://pictures/a/b c" && address.key(of: "x.png") == "a/b c/x.png")
    #expect(try BucketAddress("s3://pictures").key(of: "x.png") == "x.png")
    let object = BucketAddress(ofObjectAt: "s3://pictures/ö/Füchslein.png", called: "Füchslein.png")
    #expect(object?.text == "s3://pictures/ö")
    #expect(BucketAddress(ofObjectAt: "s3://pictures/x.png", called: "y.png") == nil)
    for wrong in [
      "s3:pictures", "s3://", "s3://ab", "s3://Pictures", "s3://pic_tures", "s3://-ab", "s3://a..b", "s3://pictures//a",
      "s3://pictures/../a", "s3://pictures/./a", "s3://pictures/\n",
    ] {
      #expect(throws: OutputError.self) { try BucketAddress(wrong) }
    }
  }
}
