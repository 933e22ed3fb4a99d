import Testing

@testable import Buckets
@testable import HTTP

/// What follows an attempt to put an object.
struct DeliveryTests {
  private func answer(_ status: Int, _ headers: [String: String] = [:], _ body: String = "") -> HTTPResponse {
    HTTPResponse(status: status, headers: headers, body: Array(body.utf8))
  }

  private func after(_ answer: HTTPResponse) -> DeliveryStep {
    .after(.success(answer), bucket: "pictures", server: "S")
  }

  private func failure(_ step: DeliveryStep) -> BucketFailure? {
    if case .failed(let failure) = step { failure } else { nil }
  }

  @Test func success() {
    #expect(after(answer(200, ["etag": "x"])) == .saved)
    // What names no object may be anybody's answer.
    #expect(after(answer(200)) == .look)
    #expect(failure(after(answer(200, ["content-type": "text/html; charset=utf-8", "etag": "x"])))?.mayPass == false)
    #expect(failure(after(answer(200, [:], "\n<!DOCTYPE HTML><html>")))?.mayPass == false)
  }

  @Test func anObjectThatIsThereIsLookedAt() {
    #expect(after(answer(412)) == .look)
    let lost = HTTPFailure(kind: .dropped, message: "Gone.", mayHaveBeenSent: true)
    #expect(DeliveryStep.after(.failure(lost), bucket: "b", server: "S") == .look)
    let refused = HTTPFailure(kind: .unreachable, message: "Nobody is there.", mayHaveBeenSent: false)
    #expect(
      DeliveryStep.after(.failure(refused), bucket: "b", server: "S")
        == .failed(BucketFailure("S gives no answer: Nobody is there", mayPass: true)))
  }

  @Test func whatMayPass() {
    for status in [408, 409, 425, 429, 500, 502, 503, 504, 507] {
      #expect(failure(after(answer(status)))?.mayPass == true, "\(status)")
    }
    for status in [301, 307, 400, 401, 403, 404, 405, 411, 413] {
      #expect(failure(after(answer(status)))?.mayPass == false, "\(status)")
    }
    #expect(after(answer(501)) == .withoutCondition)
  }

  @Test func reasons() {
    func reason(_ status: Int, _ body: String, _ headers: [String: String] = [:]) -> String {
      failure(after(answer(status, headers, body)))?.reason ?? ""
    }
    #expect(reason(404, "<Error><Code>NoSuchBucket</Code></Error>") == "the bucket pictures does not exist at S")
    #expect(
      reason(301, "", ["x-amz-bucket-region": "eu-west-3"])
        == "the bucket pictures is in another region: set AWS_REGION to eu-west-3")
    #expect(
      reason(400, "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-3</Region></Error>")
        == "the bucket pictures is in another region: set AWS_REGION to eu-west-3")
    #expect(
      reason(403, "<Error><Code>SignatureDoesNotMatch</Code></Error>")
        == "S does not accept the key (SignatureDoesNotMatch)")
    #expect(
      reason(403, "<Error><Code>AccessDenied</Code></Error>")
        == "S refuses access to the bucket pictures (AccessDenied)")
    #expect(reason(503, "<Error><Code>Slow\u{1B}[31mDown</Code></Error>") == "S answers with Slow31mDown")
    #expect(reason(500, "<html>") == "S answers with a web page and not as S3 does: check S3_ENDPOINT_URL")
  }

  @Test func ours() {
    func look(_ answer: HTTPResponse) -> DeliveryStep {
      .afterLook(.success(answer), bytes: 5, sha256: "ab", bucket: "b", server: "S")
    }
    #expect(look(answer(200, ["content-length": "5", "x-amz-meta-sha256": "ab"])) == .saved)
    #expect(failure(look(answer(200, ["content-length": "6", "x-amz-meta-sha256": "ab"])))?.mayPass == false)
    #expect(failure(look(answer(200, ["content-length": "5"])))?.mayPass == false)
    // The reply was lost, and the object with it.
    #expect(failure(look(answer(404)))?.mayPass == true)
    // Amazon's 404 for a key that may not list.
    #expect(failure(look(answer(403)))?.mayPass == true)
    #expect(failure(look(answer(503)))?.mayPass == true)
  }
}
