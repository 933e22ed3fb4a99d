internal import Encoding
public import HTTP
public import Predictions
internal import Threads

/// Sends requests to a bucket, signed. Each call waits for its answer, so it is called where waiting is allowed.
///
/// Requests go to the configured server only, which may be on this machine or in a private network; redirects are not followed.
public final class BucketClient: Sendable {
  private struct State {
    var credentials: Credentials?
    /// The server's clock minus ours, in milliseconds, once the server has refused ours.
    var skew: Int64 = 0
    /// Whether the server understands `If-None-Match`.
    var hasConditions = true
  }

  /// A request before it is signed.
  struct Call {
    enum Body {
      case none
      /// Its length and what fills a buffer from an offset on.
      case bytes(Int64, @Sendable (Int64, UnsafeMutableRawBufferPointer) -> Int?)
    }
    var method: String
    var bucket: String
    /// Empty for the bucket itself.
    var key = ""
    /// In lower case.
    var headers: [(name: String, value: String)] = []
    var bodyHash = Signature.emptyBody
    var body = Body.none
  }

  /// How long before its end a temporary key is replaced, in milliseconds.
  private static let renewal: Int64 = 300_000

  private let access: BucketAccess
  private let http: HTTPClient
  private let time: any TimeSource
  /// Where the bytes of objects are written: the client's own thread must not wait for the disk.
  private let downloads = WorkQueue()
  private let state = Protected(State())

  /// Opens and reads nothing yet.
  public init(_ access: BucketAccess, http: HTTPClient, time: any TimeSource) {
    self.access = access
    self.http = http
    self.time = time
  }

  // MARK: - Operations

  /// Checks that the bucket exists and that an object can be written below the prefix: writes `.imagewire` there, which stays.
  func check(_ address: BucketAddress) throws(BucketFailure) {
    let host = try access.host()
    // Some servers make a bucket at the first PUT, so that a mistyped name would pass. Who may only write is refused here.
    let there = try answer(to: Call(method: "HEAD", bucket: address.bucket), at: host)
    if there.status == 404 {
      throw BucketFailure("the bucket \(address.bucket) does not exist at \(host.name)", code: "NoSuchBucket")
    }
    if there.status != 403, !(200..<300).contains(there.status) || BucketFailure.isPage(there) {
      throw BucketFailure(there, bucket: address.bucket, server: host.name)
    }
    let text = Array("imagewire writes its outputs beside this object.\n".utf8)
    var call = Self.put(
      text.count, sha256: SHA256.hash(text).hexadecimal, mediaType: "text/plain", to: address.bucket,
      key: address.key(of: ".imagewire"))
    call.body = .bytes(Int64(text.count)) { offset, buffer in
      text.withUnsafeBytes {
        buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[Int(offset)..<Int(offset) + buffer.count]))
      }
      return buffer.count
    }
    let done = try answer(to: call, at: host)
    guard (200..<300).contains(done.status), !BucketFailure.isPage(done) else {
      throw BucketFailure(done, bucket: address.bucket, server: host.name)
    }
  }

  /// Puts a file under a key, unless it is there already; it is there when this returns.
  func deliver(_ file: OutputFile, to address: BucketAddress) throws(BucketFailure) {
    let host = try access.host()
    guard let source = FileSource(file.path, bytes: file.bytes) else {
      throw BucketFailure("its copy \(file.path) cannot be read or was changed")
    }
    let key = address.key(of: file.name)
    var call = Self.put(Int(file.bytes), sha256: file.sha256, mediaType: file.mediaType, to: address.bucket, key: key)
    call.body = .bytes(file.bytes) { source.read(from: $0, into: $1) }
    var isConditional = state.withLock { $0.hasConditions }
    while true {
      var attempt = call
      if isConditional { attempt.headers.append(("if-none-match", "*")) }
      switch DeliveryStep.after(try outcome(of: attempt, at: host), bucket: address.bucket, server: host.name) {
      case .saved: return
      case .failed(let failure): throw failure
      case .withoutCondition:
        guard isConditional else { throw BucketFailure("\(host.name) cannot store objects (status 501)") }
        isConditional = false
        state.withLock { $0.hasConditions = false }
      case .look:
        let look = DeliveryStep.afterLook(
          try outcome(of: Call(method: "HEAD", bucket: address.bucket, key: key), at: host), bytes: file.bytes,
          sha256: file.sha256, bucket: address.bucket, server: host.name)
        if case .failed(let failure) = look { throw failure }
        return
      }
    }
  }

  /// Reads the object of a file, which may have changed since.
  ///
  /// - Parameter piece: gets its bytes, on the client's thread; where it throws, the transfer ends.
  func fetch(
    _ file: OutputFile, from bucket: String, key: String,
    into piece: @escaping @Sendable (borrowing Span<UInt8>) throws -> Void
  ) throws(BucketFailure) {
    let host = try access.host()
    var request = try signed(Call(method: "GET", bucket: bucket, key: key), at: host)
    request.limits = .init(total: 1_800_000, stall: 30_000)
    request.bodyLimit = file.bytes
    request.queue = downloads
    request.purpose = .download(allows: { _ in true }, sink: { bytes in (try? piece(bytes)) != nil })
    switch send(request) {
    case .success(let answer) where answer.status == 200 && answer.bodyBytes == file.bytes: return
    case .success(let answer): throw BucketFailure(answer, bucket: bucket, server: host.name)
    case .failure(let failure): throw BucketFailure(failure, server: host.name)
    }
  }

  /// Removes the object of a file where it still has its length and hash.
  ///
  /// - Returns: `false` if it was changed; it stays then.
  func remove(_ file: OutputFile, from bucket: String, key: String) throws(BucketFailure) -> Bool {
    let host = try access.host()
    let there = try answer(to: Call(method: "HEAD", bucket: bucket, key: key), at: host)
    if there.status == 404 { return true }
    guard there.status == 200, !BucketFailure.isPage(there) else {
      throw BucketFailure(there, bucket: bucket, server: host.name)
    }
    guard DeliveryStep.isOurs(there, bytes: file.bytes, sha256: file.sha256) else { return false }
    let gone = try answer(to: Call(method: "DELETE", bucket: bucket, key: key), at: host)
    guard (200..<300).contains(gone.status) || gone.status == 404 else {
      throw BucketFailure(gone, bucket: bucket, server: host.name)
    }
    return true
  }

  private static func put(_ bytes: Int, sha256: String, mediaType: String, to bucket: String, key: String) -> Call {
    let checksum = Base64.encode([UInt8](hexadecimal: sha256.utf8) ?? [])
    return Call(
      method: "PUT", bucket: bucket, key: key,
      headers: [
        ("content-type", mediaType), ("x-amz-checksum-sha256", checksum), ("x-amz-meta-sha256", sha256),
      ], bodyHash: sha256)
  }

  // MARK: - Requests

  private func answer(to call: Call, at host: BucketHost) throws(BucketFailure) -> HTTPResponse {
    switch try outcome(of: call, at: host) {
    case .success(let answer): return answer
    case .failure(let failure): throw BucketFailure(failure, server: host.name)
    }
  }

  /// Sends a request; once more with the server's clock where it refuses ours, and with the key read anew where
  /// it takes ours no longer.
  private func outcome(of call: Call, at host: BucketHost) throws(BucketFailure) -> Result<HTTPResponse, HTTPFailure> {
    let first = send(try signed(call, at: host))
    guard case .success(let answer) = first, answer.status == 403 || answer.status == 400 else { return first }
    let failure = BucketFailure(answer, bucket: call.bucket, server: host.name)
    // The answer to a HEAD names no code.
    let skew = HTTPTime.skew(answer.headers, now: time.now.wall)
    let isSkewed = failure.code == "RequestTimeTooSkewed" || call.method == "HEAD" && abs(skew ?? 0) > 600_000
    if isSkewed, let skew, abs(skew - state.withLock { $0.skew }) > 1_000 {
      state.withLock { $0.skew = skew }
    } else if ["ExpiredToken", "InvalidToken", "InvalidAccessKeyId"].contains(failure.code) {
      state.withLock { $0.credentials = nil }
    } else {
      return first
    }
    return send(try signed(call, at: host))
  }

  private func signed(_ call: Call, at host: BucketHost) throws(BucketFailure) -> HTTPRequest {
    let place = host.place(bucket: call.bucket, key: call.key)
    let credentials = try credentials()
    let now = time.now.wall + state.withLock { $0.skew }
    var headers = call.headers
    headers += [("host", place.host), ("x-amz-content-sha256", call.bodyHash), ("x-amz-date", Signature.stamp(now))]
    if let token = credentials.token { headers.append(("x-amz-security-token", token)) }
    let signature = Signature(credentials: credentials, region: host.region, time: now)
    headers.append(
      (
        "authorization",
        signature.authorization(
          of: .init(method: call.method, path: place.path, headers: headers, bodyHash: call.bodyHash))
      ))
    // The server is the one that the user named, wherever it is.
    let anywhere: @Sendable (NetworkAddress) -> Bool = { _ in true }
    var request = HTTPRequest(
      url: place.url, headers: headers.map { .init($0.name, $0.value) }, limits: .init(total: 30_000),
      bodyLimit: 1 << 20)
    switch call.body {
    case .none where call.method == "HEAD":
      // The length that it states is that of the object.
      request.bodyLimit = .max
      request.purpose = .open(allows: anywhere)
    case .none: request.method = call.method
    case .bytes(let length, let source):
      request.limits = .init(total: 1_800_000, stall: 30_000)
      request.purpose = .upload(length, allows: anywhere, source: source)
    }
    return request
  }

  private func credentials() throws(BucketFailure) -> Credentials {
    let now = time.now.wall
    let known = state.withLock { $0.credentials }
    if let known, known.expires.map({ $0 - now > Self.renewal }) ?? true { return known }
    let found = try access.credentials { [self] url, token in
      let headers = token.map { [HTTPRequest.Header("Authorization", $0)] } ?? []
      let request = HTTPRequest(
        url: url, headers: headers, limits: .init(connect: 2_000, total: 5_000), bodyLimit: 65_536)
      guard case .success(let answer) = send(request), answer.status == 200 else { return nil }
      return answer.body
    }
    state.withLock { $0.credentials = found }
    return found
  }

  private func send(_ request: HTTPRequest) -> Result<HTTPResponse, HTTPFailure> {
    let outcome = Protected<Result<HTTPResponse, HTTPFailure>?>(nil)
    http.send(request) { result in outcome.signal { $0 = result } }
    // `nil` only where a limit of time is given.
    return outcome.wait { $0 }!
  }
}
