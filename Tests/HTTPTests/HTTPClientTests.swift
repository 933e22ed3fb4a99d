import JSON
import Testing
import Threads

@testable import HTTP
@testable import HTTPTestSupport

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite struct HTTPClientTests {
  private func get(_ url: String, total: Int64 = 20_000) -> HTTPRequest {
    HTTPRequest(url: url, limits: .init(total: total))
  }

  private func once(_ url: String, body: [UInt8] = Array("{}".utf8), mayStart: Bool = true) -> HTTPRequest {
    HTTPRequest(url: url, body: body, limits: .init(total: 20_000), purpose: .once(mayStart: { mayStart }))
  }

  private func download(_ url: String, limit: Int64 = 1 << 20, _ limits: HTTPRequest.TimeLimits = .init(total: 20_000))
    -> HTTPRequest
  {
    HTTPRequest(
      url: url, limits: limits, bodyLimit: limit, purpose: .download(allows: { _ in true }, sink: { _ in true }))
  }

  private func failure(_ result: Result<HTTPResponse, HTTPFailure>) -> HTTPFailure? {
    if case .failure(let failure) = result { failure } else { nil }
  }

  @Test func anAnswerWithItsHeaders() throws {
    let server = try Loopback([
      "poll": [["do": "reply", "status": 418, "body": "tea", "headers": ["Retry-After": " 2 "]]]
    ])
    let response = try client().ask(get(server.url + "/api/v3/predictions/x/result")).get()
    #expect(response.status == 418)
    #expect(response.headers["retry-after"] == "2")
    #expect(response.headers["content-length"] == "3")
    #expect(response.body == Array("tea".utf8))
  }

  @Test func twoHundredAtOnce() throws {
    let server = try Loopback(["poll": [["do": "running", "delay_ms": 20, "times": "forever"]]])
    let http = client()
    let done = Protected(0)
    for _ in 0..<200 {
      http.send(get(server.url + "/api/v3/predictions/x/result")) { result in
        if case .success(let response) = result, response.status == 404 { done.signal { $0 += 1 } }
      }
    }
    #expect(done.wait(atMost: 30_000) { $0 == 200 ? true : nil } == true)
    let connections = Set(server.requests("poll").compactMap { $0["connection"]?.int64 })
    #expect(connections.count <= HTTPSlots.ofThisProcess.transfers)
  }

  /// Four slow downloads take all their slots, and a poll is still sent.
  @Test func downloadsDelayNoPoll() throws {
    let server = try Loopback(["download": [["do": "hang", "times": "forever"]]])
    let http = client()
    for _ in 0..<70 { http.send(download(server.outputURL + "/output/x.png")) { _ in } }
    #expect(server.requests(atLeast: HTTPSlots.ofThisProcess.large).count == HTTPSlots.ofThisProcess.large)
    #expect(failure(http.ask(get(server.url + "/api/v3/predictions/x/result"))) == nil)
    #expect(server.requests("download").count == HTTPSlots.ofThisProcess.large)
  }

  @Test func aRefusedConnectionIsUnreachable() throws {
    let failed = try #require(failure(client().ask(once("http://127.0.0.1:1/api/v3/a/b"))))
    #expect(failed.kind == .unreachable)
    #expect(!failed.mayHaveBeenSent)
  }

  @Test func timeIsLimited() throws {
    let server = try Loopback(["poll": ["hang"], "download": ["trickle"]])
    let http = client()
    let slow = try #require(failure(http.ask(get(server.url + "/api/v3/predictions/x/result", total: 2_000))))
    #expect(slow.kind == .timedOut)
    #expect(slow.mayHaveBeenSent)
    let stalled = download(server.outputURL + "/output/x.png", .init(total: 20_000, stall: 1_000))
    #expect(failure(http.ask(stalled))?.kind == .timedOut)
  }

  @Test func lengthIsLimited() throws {
    let server = try Loopback([
      "poll": [["do": "reply", "body": .string(String(repeating: "x", count: 1_000)), "times": 2]],
      "download": ["huge", "endless", "short"],
    ])
    let http = client()
    var request = get(server.url + "/api/v3/predictions/x/result")
    request.bodyLimit = 999
    #expect(failure(http.ask(request))?.kind == .tooLarge)
    // Of an answer to a paid request all that the limit allows is kept, however long it says that it is.
    request.purpose = .once(mayStart: { true })
    let cut = failure(http.ask(request))
    #expect(cut?.kind == .tooLarge && cut?.partial?.body.count == 999)
    #expect(failure(http.ask(download(server.outputURL + "/output/x.png")))?.kind == .tooLarge)
    #expect(failure(http.ask(download(server.outputURL + "/output/x.png")))?.kind == .tooLarge)
    #expect(failure(http.ask(download(server.outputURL + "/output/x.png")))?.kind == .dropped)
  }

  @Test func closingEndsEverything() throws {
    let server = try Loopback(["poll": [["do": "hang", "times": "forever"]]])
    let http = client()
    let kinds = Protected<[HTTPFailure.Kind]>([])
    for _ in 0..<70 {
      http.send(get(server.url + "/api/v3/predictions/x/result")) { result in
        if case .failure(let failure) = result { kinds.signal { $0.append(failure.kind) } }
      }
    }
    _ = server.requests(atLeast: 1)
    http.close()
    let all = kinds.wait(atMost: 10_000) { $0.count == 70 ? $0 : nil }
    #expect(all?.allSatisfy { $0 == .closed } == true)
    #expect(failure(http.ask(get(server.url)))?.kind == .closed)
    while http.isRunning { sched_yield() }
  }

  @Test func aLineBreakInAHeaderIsNotSent() throws {
    let server = try Loopback()
    var request = once(server.url + "/api/v3/a/b")
    request.headers = [.init("Authorization", "Bearer x\r\nHost: evil")]
    #expect(failure(client().ask(request))?.kind == .badRequest)
    #expect(server.posts == 0)
  }

  @Test(arguments: ["file:///etc/passwd", "ftp://127.0.0.1/", "", "http://", "gopher://127.0.0.1:1/x", "http://a b/"])
  func nothingButTheWeb(url: String) {
    #expect(failure(client().ask(get(url)))?.kind == .badRequest)
  }

  /// The address is checked again after DNS, so a name for a local address is refused.
  @Test func aForbiddenAddressIsNotConnectedTo() throws {
    let server = try Loopback()
    let http = client()
    let request = HTTPRequest(
      url: "http://localhost:\(server.outputPort)/output/x.png", limits: .init(total: 20_000),
      purpose: .download(allows: { $0.reach == .public }, sink: { _ in true }))
    // With a new connection, and with one that an allowed request left open.
    #expect(failure(http.ask(request))?.kind == .forbiddenAddress)
    #expect(failure(http.ask(get("http://localhost:\(server.outputPort)/output/x.png"))) == nil)
    let failed = try #require(failure(http.ask(request)))
    #expect(failed.kind == .forbiddenAddress)
    #expect(!failed.mayHaveBeenSent)
    let requests = server.requests("download")
    #expect(requests.count == 1)
    // The first connection: the forbidden request did not connect.
    #expect(requests.first?["connection"]?.int64 == 1)
  }

  @Test func noChildInheritsAConnection() throws {
    let server = try Loopback(["poll": ["hang"]])
    let http = client()
    http.send(get(server.url + "/api/v3/predictions/x/result")) { _ in }
    _ = server.requests(atLeast: 1)
    var ours = 0
    for descriptor in Int32(0)..<1_024 {
      var address = sockaddr_in()
      var length = socklen_t(MemoryLayout<sockaddr_in>.size)
      let isPeer = withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(descriptor, $0, &length) == 0 }
      }
      guard isPeer, Int(UInt16(bigEndian: address.sin_port)) == server.port else { continue }
      ours += 1
      #expect(fcntl(descriptor, F_GETFD) & FD_CLOEXEC != 0)
    }
    #expect(ours > 0)
  }

  /// libcurl restores the action that it finds, which must not be the default one for the rest of the process.
  @Test func sigpipeIsIgnoredBeforeLibcurlStarts() throws {
    _ = try HTTPClient.library().get()
    #expect(unsafeBitCast(signal(SIGPIPE, SIG_IGN), to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self))
  }

  /// A connection that is opened ahead is used by the download, and goes to no address that a download may not go to.
  @Test func aDownloadUsesTheConnectionThatWasOpened() throws {
    let server = try Loopback()
    let http = client()
    func open(_ allows: Bool) -> Result<HTTPResponse, HTTPFailure> {
      http.ask(
        HTTPRequest(
          url: server.outputURL + "/", limits: .init(total: 10_000), purpose: .open(allows: { _ in allows })))
    }
    #expect(try #require(failure(open(false))).kind == .forbiddenAddress)
    #expect(server.requests().isEmpty)
    #expect(try open(true).get().status == 403)
    var request = get(server.outputURL + "/output/x.png")
    request.purpose = .download(allows: { _ in true }, sink: { _ in true })
    #expect(try http.ask(request).get().bodyBytes > 0)
    let requests = server.requests()
    #expect(requests.map { $0["method"]?.string } == ["HEAD", "GET"])
    #expect(Set(requests.compactMap { $0["connection"]?.int64 }).count == 1)
  }

  // MARK: - At most one POST (Sources/Providers/README.md, "The POST and libcurl")

  /// A kept connection that breaks after the server has read the whole POST: by default libcurl sends it twice.
  @Test(arguments: ["drop", "reset"], [true, false])
  func aDeadConnectionIsNoSecondPOST(fault: String, connectsAfresh: Bool) throws {
    let server = try Loopback(["submit": [.string(fault)], "poll": ["running"]])
    let http = client(connectsAfresh: connectsAfresh)
    _ = http.ask(get(server.url + "/api/v3/predictions/x/result"))
    let failed = try #require(failure(http.ask(once(server.url + "/api/v3/a/b"))))
    #expect(server.posts == 1)
    #expect(failed.mayHaveBeenSent)
    #expect(failed.kind == .dropped || failed.kind == .repeated)
    let connections = Set(server.requests().compactMap { $0["connection"]?.int64 })
    #expect(connections.count == (connectsAfresh ? 2 : 1))
  }

  /// A POST has a connection of its own; what follows uses it, and the next POST does not.
  @Test func aPOSTHasAConnectionOfItsOwn() throws {
    let server = try Loopback(["poll": [["do": "running", "times": "forever"]]])
    let http = client()
    for _ in 0..<2 {
      _ = http.ask(once(server.url + "/api/v3/a/b"))
      _ = http.ask(get(server.url + "/api/v3/predictions/x/result"))
    }
    let connections = server.requests().compactMap { $0["connection"]?.int64 }
    #expect(connections.count == 4 && connections[0] == connections[1] && connections[2] != connections[0])
  }

  /// The same with a repeatable request shows that the fixture notices.
  @Test func aRepeatableRequestIsRepeated() throws {
    let server = try Loopback(["submit": ["drop"], "poll": ["running"]])
    let http = client()
    _ = http.ask(get(server.url + "/api/v3/predictions/x/result"))
    var request = once(server.url + "/api/v3/a/b")
    request.purpose = .repeatable
    _ = http.ask(request)
    #expect(server.posts == 2)
  }

  /// 417 for a long body, and redirects that would repeat it.
  @Test(arguments: ["417", "307", "302", "502", "408"])
  func noAnswerIsASecondPOST(fault: String) throws {
    let server = try Loopback(["submit": [.string(fault)]])
    let body = Array(#"{"prompt":"\#(String(repeating: "x", count: 2 << 20))"}"#.utf8)
    let response = try client().ask(once(server.url + "/api/v3/a/b", body: body)).get()
    #expect(String(response.status) == fault)
    #expect(server.posts == 1)
    #expect(server.requests("submit")[0]["headers"]?["expect"] == nil)
    #expect(server.requests("submit")[0]["body"]?.string?.utf8.count == body.count)
  }

  @Test func aRequestThatMayNotStartIsNotSent() throws {
    let server = try Loopback()
    let failed = try #require(failure(client().ask(once(server.url + "/api/v3/a/b", mayStart: false))))
    #expect(failed.kind == .notStarted)
    #expect(!failed.mayHaveBeenSent)
    #expect(server.posts == 0)
  }

  // MARK: - The environment

  @Test func aProxyIsUsed() throws {
    let server = try Loopback()
    let http = client(["http_proxy": server.url])
    _ = try http.ask(get("http://service.invalid/api/v3/predictions/x/result")).get()
    #expect(server.requests().first?["target"]?.string == "http://service.invalid/api/v3/predictions/x/result")
  }

  @Test func aProxyThatRefusesTheTunnel() throws {
    let server = try Loopback()
    let failed = try #require(
      failure(client(["HTTPS_PROXY": server.url]).ask(once("https://service.invalid/api/v3/a/b"))))
    #expect(failed.kind == .proxy)
    #expect(!failed.mayHaveBeenSent)
    #expect(server.requests().first?["method"]?.string == "CONNECT")
  }

  @Test(arguments: ["CURL_CA_BUNDLE", "SSL_CERT_FILE"])
  func certificatesByEnvironment(name: String) throws {
    let server = try Loopback()
    let request = once("https://127.0.0.1:\(server.port)/api/v3/a/b")
    let failed = try #require(failure(client([name: "/nowhere/bundle.pem"]).ask(request)))
    #expect(failed.kind == .unavailable)
    #expect(!failed.mayHaveBeenSent)
    #expect(failed.message.contains("/nowhere/bundle.pem"))
  }
}
