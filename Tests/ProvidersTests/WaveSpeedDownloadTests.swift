import Encoding
import JSON
import Predictions
import Testing
import Threads

@testable import HTTP
@testable import HTTPTestSupport
@testable import Providers

@Suite struct WaveSpeedDownloadTests {
  private func fetch(_ server: Loopback, _ url: String? = nil, failing: OutputError? = nil) -> (
    DownloadOutcome, [UInt8]
  ) {
    let files = WorkQueue()
    let writer = MemoryWriter(failing: failing, on: files)
    let url = url ?? server.outputURL + "/output/x.png?Signature=a%2Fb&Expires=1"
    return (server.provider(files: files).download(url, of: prediction(remoteID: "x"), into: writer), writer.bytes)
  }

  @Test func aDownloadDoesNotSendTheKey() throws {
    let server = try Loopback()
    let (outcome, bytes) = fetch(server)
    #expect(
      outcome == .written(FormatHint(mediaType: "image/png", address: server.outputURL + "/output/x.png?Signature=a")))
    #expect(ImageFormat(of: bytes) != nil)
    let request = try #require(server.requests("download").first)
    #expect(request["path"]?.string == "/output/x.png?Signature=a%2Fb&Expires=1")
    #expect(!request.text.contains(secret))
    #expect(request["headers"]?["authorization"] == nil)
  }

  @Test func aConnectionIsOpenedToTheHostOfOutputsOnly() throws {
    let server = try Loopback()
    let provider = server.provider()
    // Polls have a connection to the service; the others may not be connected to.
    for output in [server.url + "/output/x.png", "https://192.168.1.1/x", "http://169.254.169.254/x", "inline:1", "%"] {
      provider.openAhead(for: output)
    }
    provider.openAhead(for: server.outputURL + "/output/x.png?Signature=a")
    let request = try #require(server.requests(atLeast: 1).first)
    #expect(request["method"]?.string == "HEAD" && request["path"]?.string == "/")
    #expect(request["port"]?.int64 == Int64(server.outputPort))
    #expect(!request.text.contains(secret) && request["headers"]?["authorization"] == nil)
  }

  @Test func redirectsAreFollowedFiveTimes() throws {
    let hop: JSONValue = ["do": "redirect", "to": "/output/next.png", "times": 5]
    let server = try Loopback(["download": [hop]])
    #expect(fetch(server).0 == .written(FormatHint(mediaType: "image/png", address: "next.png")))
    #expect(server.requests("download").count == 6)
    #expect(!server.requests("download").contains { $0.text.contains(secret) })
    server.script(["download": [["do": "redirect", "to": "loop", "times": "forever"]]])
    let (outcome, bytes) = fetch(server)
    guard case .refused = outcome else { throw Unexpected("\(outcome)") }
    #expect(bytes.isEmpty)
    #expect(server.requests("download").count == 12)
  }

  @Test(arguments: [
    "file:///etc/passwd", "ftp://127.0.0.1/x", "http://169.254.169.254/latest/meta-data", "http://10.0.0.1/x",
    "https://192.168.1.1/x", "data:image/png;base64,AAAA", "http://user:pass@127.0.0.1/x", "//[fe80::1]/x",
    "gopher://localhost/x",
  ])
  func noRedirectLeadsElsewhere(target: String) throws {
    let server = try Loopback(["download": [["do": "redirect", "to": .string(target)]]])
    let (outcome, bytes) = fetch(server)
    guard case .refused = outcome else { throw Unexpected("\(outcome)") }
    #expect(bytes.isEmpty)
    #expect(server.requests("download").count == 1)
    guard case .refused = fetch(server, target).0 else { throw Unexpected() }
  }

  /// Through a proxy addresses cannot be checked, but the text of a redirect is.
  @Test func noRedirectLeadsElsewhereThroughAProxy() throws {
    let server = try Loopback(["download": [["do": "redirect", "to": "http://10.0.0.1/x", "times": 2]]])
    let service = server.provider(http: client(["http_proxy": server.outputURL]))
    let writer = MemoryWriter()
    let url = "http://127.0.0.1:9/output/x.png"
    guard case .refused = service.download(url, of: prediction(), into: writer) else { throw Unexpected() }
    #expect(server.requests("download").map { $0["target"]?.string } == [url])
  }

  /// A public provider cannot name local addresses, neither by number nor by a name for them.
  @Test func aPublicProviderCannotNameLocalAddresses() throws {
    let server = try Loopback()
    let service = server.provider(base: "https://api.wavespeed.ai")
    for host in ["127.0.0.1", "localhost", "[::1]", "2130706433"] {
      let writer = MemoryWriter()
      let url = "https://\(host):\(server.outputPort)/output/x.png"
      guard case .refused = service.download(url, of: prediction(), into: writer) else { throw Unexpected(host) }
    }
    #expect(server.requests().isEmpty)
  }

  @Test(arguments: [
    ("403", "expired"), ("404", "expired"), ("410", "expired"), ("401", "expired"), ("429", "transient"),
    ("500", "transient"),
    ("502", "transient"), ("408", "transient"), ("short", "transient"), ("drop", "transient"), ("reset", "transient"),
    ("empty", "transient"), ("huge", "refused"),
  ])
  func everyFault(fault: String, expected: String) throws {
    let server = try Loopback(["download": [["do": .string(fault), "times": 2]]])
    let (outcome, bytes) = fetch(server)
    #expect("\(outcome)".hasPrefix(expected))
    if fault != "short", fault != "huge" { #expect(bytes.isEmpty) }
    #expect(server.posts == 0)
  }

  @Test func aFailingDiskIsNotTheProvidersFault() throws {
    let server = try Loopback()
    #expect(fetch(server, failing: .diskFull(path: "/x")).0 == .unsaved(.diskFull(path: "/x")))
    guard case .refused = fetch(server, failing: .tooLarge(limit: 1)).0 else { throw Unexpected() }
  }

  /// Bytes inside a result that were lost with their process.
  @Test func anInlineOutputIsReadFromTheResultAgain() throws {
    let server = try Loopback(["poll": ["base64", "running", "object_url"]])
    guard case .accepted(let id, _, _) = server.provider().submit(prediction()) else { throw Unexpected() }
    let order = prediction(remoteID: id)
    let files = WorkQueue()
    let writer = MemoryWriter(on: files)
    #expect(server.provider(files: files).download("inline:1", of: order, into: writer) == .written())
    #expect(ImageFormat(of: writer.bytes) != nil)
    guard case .transient = server.provider().download("inline:1", of: order, into: writer) else { throw Unexpected() }
    guard case .expired = server.provider().download("inline:1", of: order, into: writer) else { throw Unexpected() }
    #expect(server.posts == 1)
  }

  // MARK: - Delete

  @Test func deleting() throws {
    let server = try Loopback([
      "delete": ["normal", "normal", "500", "drop", ["do": "envelope", "code": 403, "message": "no"]]
    ])
    guard case .accepted(let id, _, _) = server.provider().submit(prediction()) else { throw Unexpected() }
    let order = prediction(remoteID: id)
    #expect(server.provider().delete(order) == .deleted)
    guard case .failed = server.provider().delete(order) else { throw Unexpected() }
    for _ in 0..<2 { guard case .unanswered = server.provider().delete(order) else { throw Unexpected() } }
    guard case .failed = server.provider().delete(order) else { throw Unexpected() }
    guard case .failed = server.provider().delete(prediction()) else { throw Unexpected() }
    #expect(server.requests("delete").count == 5)
    #expect(server.requests("delete")[0]["body"]?.string == #"{"ids":["\#(id)"]}"#)
  }
}
