import Testing

@testable import HTTP

@Suite("Connections that stay open")
struct IdleConnectionsTests {
  private func request(_ url: String, _ purpose: HTTPRequest.Purpose = .repeatable) -> HTTPRequest {
    HTTPRequest(url: url, limits: .init(total: nil), purpose: purpose)
  }

  @Test func onePaidRequestLeavesItsConnectionToThePollsThatFollow() {
    var idle = IdleConnections()
    func keeps(_ request: HTTPRequest, now: Int64) -> Bool { idle.keeps(request, now: now) }
    let post = request("https://a.example/api/v3/m", .once(mayStart: { true }))
    #expect(keeps(post, now: 0))
    #expect(!keeps(post, now: 1))
    #expect(keeps(request("https://b.example:1/api/v3/m", .once(mayStart: { true })), now: 1))
    // Polls keep theirs, and while they come no paid request adds another.
    #expect(keeps(request("https://a.example/api/v3/predictions/x/result"), now: 20_000))
    #expect(!keeps(post, now: 49_999))
    #expect(keeps(post, now: 50_000))
    #expect(keeps(request("https://a.example/x.png", .download(allows: { _ in true }, sink: { _ in true })), now: 0))
  }
}
