import Encoding
import Testing

@testable import Buckets

/// The examples of "Authenticating Requests: Using the Authorization Header" in the documentation of Amazon S3.
struct SignatureTests {
  private let signature = Signature(
    credentials: Credentials(id: "AKIAIOSFODNN7EXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
    region: "us-east-1", time: 1_369_353_600_000)

  private func request(
    _ method: String, _ path: String, query: [(String, String)] = [], _ headers: [(String, String)] = [],
    body: String = ""
  ) -> Signature.Request {
    let hash = SHA256.hash(Array(body.utf8)).hexadecimal
    let usual = [
      ("host", "examplebucket.s3.amazonaws.com"), ("x-amz-content-sha256", hash), ("x-amz-date", "20130524T000000Z"),
    ]
    return Signature.Request(
      method: method, path: path, query: query.map { (name: $0.0, value: $0.1) },
      headers: (headers + usual).map { (name: $0.0, value: $0.1) }, bodyHash: hash)
  }

  @Test func getObject() {
    let authorization = signature.authorization(of: request("GET", "/test.txt", [("range", "bytes=0-9")]))
    #expect(
      authorization
        == "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
        + "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
        + "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
  }

  @Test func putObject() {
    let path = Signature.encoded("/test$file.text", slashes: true)
    #expect(path == "/test%24file.text")
    let authorization = signature.authorization(
      of: request(
        "PUT", path, [("date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")],
        body: "Welcome to Amazon S3."))
    #expect(authorization.hasSuffix("Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"))
  }

  @Test func bucketLifecycle() {
    let authorization = signature.authorization(of: request("GET", "/", query: [("lifecycle", "")]))
    #expect(authorization.hasSuffix("Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"))
  }

  @Test func listObjects() {
    let authorization = signature.authorization(of: request("GET", "/", query: [("prefix", "J"), ("max-keys", "2")]))
    #expect(authorization.hasSuffix("Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"))
  }

  @Test func everyOtherByteIsEncoded() {
    #expect(Signature.encoded("aZ09-._~/", slashes: true) == "aZ09-._~/")
    #expect(Signature.encoded("a/b", slashes: false) == "a%2Fb")
    #expect(Signature.encoded("+ ()'=@&:é%", slashes: true) == "%2B%20%28%29%27%3D%40%26%3A%C3%A9%25")
  }

  @Test func nothingShowsAKey() {
    let credentials = Credentials(id: "AKIA", secret: "hidden", token: "token")
    var text = "\(credentials) \(String(reflecting: credentials))"
    dump(credentials, to: &text)
    #expect(!text.contains("hidden") && !text.contains("AKIA"))
  }
}
