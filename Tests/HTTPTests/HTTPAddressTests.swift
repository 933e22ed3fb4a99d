import Testing

@testable import HTTP

/// Which addresses may be fetched, before any connection.
@Suite struct HTTPAddressTests {
  @Test(arguments: [
    ("8.8.8.8", NetworkAddress.Reach.public), ("10.1.2.3", .local), ("172.15.0.1", .public), ("172.16.0.1", .local),
    ("172.31.255.255", .local), ("172.32.0.1", .public), ("192.168.0.1", .local), ("100.64.0.1", .local),
    ("127.1.2.3", .loopback), ("169.254.169.254", .linkLocal), ("0.0.0.0", .unroutable), ("224.0.0.1", .unroutable),
    ("255.255.255.255", .unroutable), ("::1", .loopback), ("::", .unroutable), ("[::1]", .loopback),
    ("fe80::1%eth0", .linkLocal),
    ("fd00::1", .local), ("ff02::1", .unroutable), ("2606:4700::1111", .public), ("::ffff:127.0.0.1", .loopback),
    ("::ffff:169.254.169.254", .linkLocal), ("64:ff9b::10.0.0.1", .local), ("64:ff9b::8.8.8.8", .public),
    ("64:ff9b:1::8.8.8.8", .local), ("64:ff9b:1:ffff::1", .local), ("64:ff9b:2::1", .public),
    ("::ffff:0:8.8.8.8", .unroutable), ("::ffff:0:127.0.0.1", .unroutable), ("2002:7f00:1::", .loopback),
    ("::ffff:8.8.8.8", .public), ("198.18.0.1", .local),
  ])
  func reach(text: String, reach: NetworkAddress.Reach) throws {
    #expect(try #require(NetworkAddress(text)).reach == reach)
  }

  @Test(arguments: [
    "file:///etc/passwd", "ftp://example.com/x", "gopher://example.com/", "data:,x", "http://example.com/x",
  ])
  func onlyHTTPS(url: String) throws {
    let policy = EgressPolicy(base: BaseURL("https://api.wavespeed.ai"))
    if let address = WebAddress(url) { #expect(policy.refusal(of: address) != nil) }
  }

  @Test(arguments: [
    "https://127.0.0.1/x", "https://2130706433/x", "https://0x7f.1/x", "https://017700000001/x", "https://localhost/x",
    "https://a.localhost/x", "https://[::1]/x", "https://[::ffff:7f00:1]/x", "https://10.0.0.1/x",
    "https://169.254.169.254/latest/meta-data", "https://0.0.0.0/x",
  ])
  func nothingNearby(url: String) throws {
    let policy = EgressPolicy(base: BaseURL("https://api.wavespeed.ai"))
    #expect(policy.refusal(of: try #require(WebAddress(url))) != nil)
  }

  @Test func theBaseURLAllowsItsOwnKindOfNetwork() throws {
    func refusal(_ base: String, _ url: String) throws -> String? {
      EgressPolicy(base: BaseURL(base)).refusal(of: try #require(WebAddress(url)))
    }
    #expect(try refusal("https://api.wavespeed.ai", "https://d1.cloudfront.net/x?sig=1") == nil)
    #expect(try refusal("http://127.0.0.1:8000", "http://127.0.0.1:9000/x") == nil)
    #expect(try refusal("http://localhost:8000/api", "http://[::1]:9000/x") == nil)
    #expect(try refusal("http://127.0.0.1:8000", "http://169.254.169.254/x") != nil)
    #expect(try refusal("http://127.0.0.1:8000", "http://10.0.0.1/x") != nil)
    #expect(try refusal("http://10.0.0.5:8000", "http://10.0.0.5:8000/x") == nil)
    #expect(try refusal("http://10.0.0.5:8000", "http://10.0.0.6:8000/x") != nil)
    #expect(try refusal("https://10.0.0.5:8000", "https://10.0.0.6:8000/x") == nil)
    #expect(try refusal("http://169.254.169.254", "https://169.254.1.1/x") != nil)
  }

  /// DNS may give a name any address: the address counts.
  @Test func aNameIsJudgedByItsAddress() {
    let policy = EgressPolicy(base: BaseURL("https://api.wavespeed.ai"))
    #expect(policy.allows(.public, host: "evil.example"))
    for reach in [NetworkAddress.Reach.local, .loopback, .linkLocal, .unroutable] {
      #expect(!policy.allows(reach, host: "evil.example"))
      #expect(policy.allows(reach, host: "api.wavespeed.ai"))
    }
  }

  @Test(arguments: [
    ("https://api.wavespeed.ai///", "https://api.wavespeed.ai", "api.wavespeed.ai"),
    (" http://LocalHost:80/x/ ", "http://LocalHost:80/x", "localhost"), ("http://[::1]:9", "http://[::1]:9", "[::1]"),
    ("http://127.0.0.1@evil.com/", "http://127.0.0.1@evil.com", ""), ("nonsense", "nonsense", ""), ("", "", ""),
  ])
  func base(text: String, regular: String, host: String) {
    #expect(BaseURL(text).text == regular)
    #expect(BaseURL(text).host == host)
  }

  @Test func addressesWithNamesAndPasswordsDoNotParse() {
    #expect(WebAddress("https://user:pass@example.com/") == nil)
    #expect(WebAddress("https://example.com/a")?.following("//user@other.com/") == nil)
    #expect(WebAddress("https://example.com/a/b?c")?.following("../d e")?.text == "https://example.com/d%20e")
  }

  @Test func proxiesAndExceptions() throws {
    let environment = ProxyEnvironment(variable: {
      [
        "HTTPS_PROXY": "http://proxy:1", "HTTP_PROXY": "http://never:1",
        "no_proxy": ".corp, example.com,10.0.0.0/8 ::1",
      ][$0]
    })
    func proxy(_ url: String) throws -> String? { environment.proxy(for: try #require(WebAddress(url))) }
    #expect(try proxy("https://api.wavespeed.ai/") == "http://proxy:1")
    #expect(try proxy("http://api.wavespeed.ai/") == nil)
    #expect(try proxy("https://a.corp/") == nil)
    #expect(try proxy("https://corp/") == nil)
    #expect(try proxy("https://notexample.com/") == "http://proxy:1")
    #expect(try proxy("https://www.example.com/") == nil)
    #expect(try proxy("https://10.200.3.4/") == nil)
    #expect(try proxy("https://11.0.0.1/") == "http://proxy:1")
    #expect(try proxy("https://[::1]/") == nil)
    #expect(
      ProxyEnvironment(variable: { $0 == "SSL_CERT_FILE" ? "a" : $0 == "CURL_CA_BUNDLE" ? "b" : nil }).certificateFile
        == "b")
  }
}
