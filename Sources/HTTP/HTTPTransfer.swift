internal import CCurl

/// One request inside libcurl: its options, its callbacks and its answer.
///
/// libcurl holds this object's address. That is sound because the loop holds the object until it has removed the handle
/// from the multi handle, and callbacks run only inside `curl_multi_perform` and `curl_multi_remove_handle`, on the
/// loop's own thread. `deinit` frees the handle before the memory that it points to.
final class HTTPTransfer {
  let order: HTTPClient.Order
  let easy: UnsafeMutableRawPointer
  /// Whether it is a download or an upload, of which only a few may run at once.
  let isLarge: Bool
  private var headerList: UnsafeMutablePointer<curl_slist>?
  private let errorText: UnsafeMutablePointer<CChar>
  private var throughProxy = false

  /// The number of attempts of libcurl to write the request.
  private var starts = 0
  /// Why this program stopped it.
  private var stop: HTTPFailure.Kind?
  private var status = 0
  /// Whether the answer came by HTTP/1, where its end may be that of the connection.
  private var isFirstHTTP = true
  private var headers: [String: String] = [:]
  private var body: [UInt8] = []
  private var bodyBytes: Int64 = 0
  /// Begins to count once the body is longer than its limit, since most are not.
  private var meter: AnswerMeter?
  private let memory: HTTPMemory
  /// For the sink of a download whose request has a queue.
  let queuedSink: QueuedSink?
  /// Bytes of an upload that libcurl has taken.
  private var sent: Int64 = 0

  /// The headers that an answer keeps.
  static let wantedHeaders: Set = [
    "date", "retry-after", "retry-after-ms", "content-length", "content-type", "content-encoding", "content-range",
    "transfer-encoding", "etag", "last-modified", "location", "x-amz-meta-sha256", "x-amz-bucket-region",
  ]

  /// Whether a byte of the request may have been written.
  var mayHaveBeenSent: Bool { starts > 1 || starts == 1 && stop != .notStarted && stop != .forbiddenAddress }

  /// Prepares a transfer; fails where the request is invalid.
  ///
  /// - Parameters:
  ///   - keepsConnection: whether later requests may use the connection.
  ///   - wake: called on the request's queue when `resume` should be called.
  static func make(
    _ order: HTTPClient.Order, keepsConnection: Bool, environment: ProxyEnvironment, memory: HTTPMemory,
    wake: @escaping @Sendable () -> Void
  ) -> Result<HTTPTransfer, HTTPFailure> {
    guard let easy = ccurl_easy_init() else {
      return .failure(
        HTTPFailure(kind: .other, message: "There is no memory for another transfer.", mayHaveBeenSent: false))
    }
    let transfer = HTTPTransfer(order, easy: easy, memory: memory, wake: wake)
    do {
      try transfer.configure(environment)
      if !keepsConnection { try transfer.set(CURLOPT_FORBID_REUSE, 1) }
      return .success(transfer)
    } catch {
      return .failure(error)
    }
  }

  private init(
    _ order: HTTPClient.Order, easy: UnsafeMutableRawPointer, memory: HTTPMemory, wake: @escaping @Sendable () -> Void
  ) {
    self.order = order
    self.memory = memory
    self.easy = easy
    queuedSink = QueuedSink(for: order.request, wake: wake)
    switch order.request.purpose {
    case .once, .repeatable, .open: isLarge = false
    case .download, .upload: isLarge = true
    }
    errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
    errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
  }

  deinit {
    ccurl_easy_cleanup(easy)
    ccurl_list_free(headerList)
    errorText.deallocate()
  }

  // MARK: - Before

  private func configure(_ environment: ProxyEnvironment) throws(HTTPFailure) {
    let request = order.request
    guard let address = WebAddress(request.url), address.scheme == "https" || address.scheme == "http" else {
      throw HTTPFailure(
        kind: .badRequest, message: "The address is not an http or https URL.", mayHaveBeenSent: false)
    }
    let proxy = environment.proxy(for: address)
    throughProxy = proxy != nil

    try set(ccurl_set_callbacks(easy, Unmanaged.passUnretained(self).toOpaque(), onHeader, onBody, onStart, onSocket))
    try set(ccurl_set_error_buffer(easy, errorText))
    try set(CURLOPT_URL, request.url)
    try set(ccurl_set_web_only(easy))
    try set(CURLOPT_FOLLOWLOCATION, 0)
    try set(CURLOPT_PATH_AS_IS, 1)
    // Without it libcurl would use SIGALRM, which belongs to the program.
    try set(CURLOPT_NOSIGNAL, 1)
    try set(CURLOPT_CONNECTTIMEOUT_MS, Int(request.limits.connect))
    if let total = request.limits.total { try set(CURLOPT_TIMEOUT_MS, Int(total)) }
    if let stall = request.limits.stall {
      try set(CURLOPT_LOW_SPEED_LIMIT, request.limits.floor)
      try set(CURLOPT_LOW_SPEED_TIME, Int(max(1, stall / 1_000)))
    }
    // What was paid for is read up to the limit, however long it says that it is.
    if case .once = request.purpose {
    } else {
      try set(ccurl_set_size(easy, CURLOPT_MAXFILESIZE_LARGE, request.bodyLimit))
    }
    try set(CURLOPT_PROXY, proxy ?? "")
    try set(CURLOPT_NOPROXY, "")
    // Other methods take a second round, which on an http proxy sends the request again.
    try set(CURLOPT_PROXYAUTH, Int(CCURL_AUTH_BASIC))
    try set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
    // Older versions of TLS are deprecated (RFC 8996), and some builds of libcurl still accept them.
    try set(CURLOPT_SSLVERSION, Int(CCURL_TLS_1_2))
    try set(CURLOPT_PROXY_SSLVERSION, Int(CCURL_TLS_1_2))
    try trust(environment)

    var lines = try request.headers.map { header throws(HTTPFailure) in try Self.line(header) }
    if let body = request.body {
      // An answer of 417 to `Expect: 100-continue` would make libcurl send a long body again.
      lines.append("Expect:")
      let bytes = body.span
      try set(bytes.withUnsafeBufferPointer { ccurl_set_body(easy, $0.baseAddress, $0.count) })
    }
    if case .download = request.purpose {
      // A host that encodes nevertheless is understood. An encoded part of a file could not be gone on with.
      lines.append("Accept-Encoding: identity")
      try set(CURLOPT_ACCEPT_ENCODING, "")
    }
    if case .open = request.purpose { try set(CURLOPT_NOBODY, 1) }
    if let method = request.method { try set(CURLOPT_CUSTOMREQUEST, method) }
    if case .upload(let length, _, _) = request.purpose {
      // No header of libcurl's own: the URL is signed for certain headers only.
      lines += ["Expect:", "Accept:"]
      try set(ccurl_set_upload(easy, Unmanaged.passUnretained(self).toOpaque(), onRead, onSeek, length))
    }
    for line in lines {
      guard let longer = ccurl_list_append(headerList, line) else { throw Self.refused("no memory") }
      headerList = longer
    }
    try set(ccurl_set_list(easy, CURLOPT_HTTPHEADER, headerList))
    if case .once = request.purpose { try makeUnrepeatable(connectsAfresh: environment.connectsAfresh) }
  }

  /// Sets the certificates that are trusted: those that the user names, else the system's, else the program's own. They also hold
  /// for a proxy with TLS.
  private func trust(_ environment: ProxyEnvironment) throws(HTTPFailure) {
    let named = environment.certificateFolder
    let file = environment.certificateFile ?? (named == nil ? ProxyEnvironment.systemCertificateFile : nil)
    let folder = named ?? (file == nil ? ProxyEnvironment.systemCertificateFolder : nil)
    guard file != nil || folder != nil || !ccurl_has_own_certificates() else {
      return try set(ccurl_set_own_certificates(easy))
    }
    if let file {
      try set(CURLOPT_CAINFO, file)
      try set(CURLOPT_PROXY_CAINFO, file)
    }
    // libcurl keeps what it has read from a file (7.87 and later with OpenSSL), but only where it has no directory. Otherwise
    // each connection reads some 150 certificates, which takes 20 ms.
    if file != nil || folder != nil {
      try set(CURLOPT_CAPATH, folder)
      try set(CURLOPT_PROXY_CAPATH, folder)
    }
  }

  /// Sets every option that keeps libcurl from writing the request a second time; `start` is the guard behind them.
  /// Sources/Providers/README.md, "The POST and libcurl", has the evidence.
  private func makeUnrepeatable(connectsAfresh: Bool) throws(HTTPFailure) {
    // With HTTP/2, libcurl repeats after REFUSED_STREAM and HTTP_1_1_REQUIRED, also on a new connection.
    try set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
    // libcurl repeats a request on another connection where a reused one dies. And what a server had sent on it before would
    // be read as the answer to this request, which would then be lost.
    if connectsAfresh { try set(CURLOPT_FRESH_CONNECT, 1) }
    // TCP Fast Open may deliver the bytes of the first packet twice (RFC 7413).
    _ = ccurl_set_long(easy, CURLOPT_TCP_FASTOPEN, 0)
  }

  private static func line(_ header: HTTPRequest.Header) throws(HTTPFailure) -> String {
    // libcurl leaves out a header without a value unless a semicolon stands behind its name.
    let text = header.value.isEmpty ? "\(header.name);" : "\(header.name): \(header.value)"
    guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { throw refused("a header holds a line break") }
    return text
  }

  private func set(_ option: CURLoption, _ value: Int) throws(HTTPFailure) {
    try set(ccurl_set_long(easy, option, value))
  }

  private func set(_ option: CURLoption, _ value: String?) throws(HTTPFailure) {
    try set(ccurl_set_string(easy, option, value))
  }

  /// Fails the request where libcurl does not take an option: none of them may be missing.
  private func set(_ code: CURLcode) throws(HTTPFailure) {
    if code != CURLE_OK { throw Self.refused(String(cString: ccurl_easy_strerror(code))) }
  }

  private static func refused(_ reason: String) -> HTTPFailure {
    HTTPFailure(kind: .badRequest, message: "The request cannot be sent: \(reason).", mayHaveBeenSent: false)
  }

  // MARK: - During

  /// Whether an address may be connected to. A proxy resolves the host itself, so its address cannot be checked here.
  fileprivate func allows(_ address: NetworkAddress?) -> Bool {
    let allows: @Sendable (NetworkAddress) -> Bool
    switch order.request.purpose {
    case .once, .repeatable: return true
    case .open(let policy), .download(let policy, _), .upload(_, let policy, _): allows = policy
    }
    guard !throughProxy else { return true }
    guard let address, allows(address) else {
      stop = .forbiddenAddress
      return false
    }
    return true
  }

  /// Called after connecting, before each attempt to write the request. `false` stops it.
  fileprivate func start(at address: NetworkAddress?) -> Bool {
    starts += 1
    guard case .once(let mayStart) = order.request.purpose else { return allows(address) }
    if starts > 1 {
      stop = .repeated
    } else if !mayStart() {
      stop = .notStarted
    }
    return stop == nil
  }

  fileprivate func header(_ line: UnsafeRawBufferPointer) {
    guard line.count <= 8_192 else { return }
    let text = String(decoding: line, as: UTF8.self)
    if text.hasPrefix("HTTP/") {
      // A further status line: the answer before it was a 1xx.
      status = text.split(separator: " ", maxSplits: 2).dropFirst().first.flatMap { Int($0.prefix(3)) } ?? 0
      isFirstHTTP = text.hasPrefix("HTTP/1")
      headers = [:]
    } else if let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) {
      let name = text[..<colon].lowercased()
      guard Self.wantedHeaders.contains(name), headers[name] == nil else { return }
      let value = text[text.utf8.index(after: colon)...].utf8
      let isBlank = { (byte: UInt8) in byte == 0x20 || byte == 0x09 || byte == 0x0D || byte == 0x0A }
      let trimmed = value.drop(while: isBlank).reversed().drop(while: isBlank).reversed()
      headers[name] = String(decoding: Array(trimmed), as: UTF8.self)
    }
  }

  /// The next bytes of an upload; `nil` stops it.
  fileprivate func read(into buffer: UnsafeMutableRawBufferPointer) -> Int? {
    guard case .upload(let length, _, let source) = order.request.purpose else { return nil }
    let rest = UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(Int(min(Int64(buffer.count), length - sent))))
    guard !rest.isEmpty else { return 0 }
    guard let count = source(sent, rest), count > 0 else {
      // The file was shortened or cannot be read: a part must not count as the whole.
      stop = .stopped
      return nil
    }
    sent += Int64(count)
    return count
  }

  /// libcurl begins again where a reused connection had died.
  fileprivate func seek(to offset: Int64) { sent = offset }

  /// Reads on after a pause. libcurl may call `received` meanwhile, and some versions (7.88) do not end the transfer
  /// where that fails.
  ///
  /// - Returns: `false` where the transfer must end.
  func resume() -> Bool {
    if queuedSink?.hasEnded == true { stop = stop ?? .stopped } else { _ = ccurl_go_on(easy) }
    return stop == nil
  }

  fileprivate func received(_ bytes: UnsafeBufferPointer<UInt8>) -> QueuedSink.Reception {
    var isKept = true
    if case .download = order.request.purpose { isKept = false }
    if isKept, !memory.take(bytes.count, for: order.number) { return .later }
    if bodyBytes + Int64(bytes.count) > order.request.bodyLimit {
      stop = .tooLarge
      if isKept { body.append(contentsOf: bytes.prefix(Int(order.request.bodyLimit - bodyBytes))) }
    } else if case .download(_, let sink) = order.request.purpose {
      // The text of an error page must not get into an output.
      if (200..<300).contains(status), !order.request.taken.contains(status) {
        stop = .stopped
      } else if (200..<300).contains(status) {
        if bodyBytes == 0, let length = statedLength { order.request.whenStated?(length) }
        switch queuedSink?.take(bytes) ?? (sink(bytes.span) ? .taken : .stop) {
        case .taken: break
        case .later: return .later
        case .stop: stop = .stopped
        }
      }
    } else {
      body.append(contentsOf: bytes)
      if !isPlainWithinLimit(bytes) { stop = .tooLarge }
      if let watch = order.request.watch, (200..<300).contains(status) { watch(bytes.span) }
    }
    bodyBytes += Int64(bytes.count)
    return stop == nil ? .taken : .stop
  }

  /// The length of the body as the answer states it; `nil` where it does not, or where the body is encoded.
  private var statedLength: Int64? {
    headers["content-encoding"] == nil ? headers["content-length"].flatMap { Int64($0) } : nil
  }

  /// Whether what is no media in the body does not exceed its limit. Called with its newest bytes, which are in it.
  private func isPlainWithinLimit(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    guard let limit = order.request.plainLimit, body.count > limit else { return true }
    if meter != nil { return meter?.add(bytes) ?? true }
    var new = AnswerMeter(limit: limit)
    defer { meter = new }
    return body.withUnsafeBufferPointer { new.add($0) }
  }

  // MARK: - After

  /// How the transfer ended.
  func outcome(_ code: CURLcode, _ environment: ProxyEnvironment) -> Result<HTTPResponse, HTTPFailure> {
    var response = HTTPResponse(status: status, headers: headers, body: body, bodyBytes: bodyBytes)
    let isChunked = headers["transfer-encoding"]?.lowercased().hasSuffix("chunked") ?? false
    response.saysItsEnd = !isFirstHTTP || isChunked || headers["content-length"] != nil
    if code == CURLE_OK, stop == nil { return .success(response) }
    let text = errorText[0] == 0 ? String(cString: ccurl_easy_strerror(code)) : String(cString: errorText)
    let kind = stop ?? kind(of: code)
    // Without any trusted certificates, every host fails verification.
    if kind == .insecure, !mayHaveBeenSent, let problem = environment.certificateProblem {
      return .failure(HTTPFailure(kind: .unavailable, message: problem, mayHaveBeenSent: false))
    }
    return .failure(
      HTTPFailure(
        kind: kind, message: Self.sentence(kind, text), mayHaveBeenSent: mayHaveBeenSent,
        partial: status == 0 ? nil : response))
  }

  private func kind(of code: CURLcode) -> HTTPFailure.Kind {
    // libcurl reports a proxy that refuses the tunnel as a failed receive.
    let tunnel = ccurl_get_long(easy, CURLINFO_HTTP_CONNECTCODE)
    if tunnel >= 300 { return .proxy }
    switch code {
    case CURLE_COULDNT_RESOLVE_PROXY, CURLE_PROXY: return .proxy
    case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT: return .unreachable
    case CURLE_OPERATION_TIMEDOUT: return .timedOut
    case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
      CURLE_USE_SSL_FAILED, CURLE_SSL_ENGINE_NOTFOUND, CURLE_SSL_ENGINE_SETFAILED, CURLE_SSL_ENGINE_INITFAILED,
      CURLE_SSL_CACERT_BADFILE, CURLE_SSL_SHUTDOWN_FAILED, CURLE_SSL_CRL_BADFILE, CURLE_SSL_ISSUER_ERROR,
      CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_CLIENTCERT:
      return .insecure
    case CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_HTTP2, CURLE_HTTP2_STREAM:
      return .dropped
    case CURLE_FILESIZE_EXCEEDED: return .tooLarge
    // Once a request was written, it is an answer without a status line.
    case CURLE_UNSUPPORTED_PROTOCOL where starts > 0: return .dropped
    case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL: return .badRequest
    default: return .other
    }
  }

  static func sentence(_ kind: HTTPFailure.Kind, _ text: String) -> String {
    switch kind {
    case .forbiddenAddress: "A provider's output may not be fetched from the address of this host."
    case .tooLarge: "The answer is longer than allowed."
    case .notStarted: "It was stopped before anything was sent."
    case .repeated: "The connection was lost after the request was sent, and it is not sent twice."
    case .stopped: "The output could not be taken to its end."
    default: text.hasSuffix(".") ? text : "\(text)."
    }
  }
}

// MARK: - Callbacks of libcurl: functions, so that no actor isolates them.

private func transfer(_ context: UnsafeMutableRawPointer?) -> HTTPTransfer {
  Unmanaged<HTTPTransfer>.fromOpaque(context!).takeUnretainedValue()
}

private func onHeader(
  _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
  transfer(context).header(UnsafeRawBufferPointer(start: bytes, count: size * count))
  return size * count
}

private func onBody(
  _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
  let reception = UnsafeRawBufferPointer(start: bytes, count: size * count).withMemoryRebound(to: UInt8.self) {
    transfer(context).received($0)
  }
  switch reception {
  case .taken: return size * count
  // libcurl keeps these bytes and calls again with them.
  case .later: return Int(CURL_WRITEFUNC_PAUSE)
  // Any number but the number of bytes ends the transfer; 0 would not where there were 0.
  case .stop: return size * count + 1
  }
}

private func onRead(
  _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
  transfer(context).read(into: UnsafeMutableRawBufferPointer(start: bytes, count: size * count))
    ?? Int(CURL_READFUNC_ABORT)
}

private func onSeek(_ context: UnsafeMutableRawPointer?, _ offset: curl_off_t, _ origin: Int32) -> Int32 {
  // libcurl counts from the start only.
  transfer(context).seek(to: Int64(offset))
  return Int32(CURL_SEEKFUNC_OK)
}

private func onStart(
  _ context: UnsafeMutableRawPointer?, _ address: UnsafeMutablePointer<CChar>?,
  _ ownAddress: UnsafeMutablePointer<CChar>?, _ port: Int32, _ ownPort: Int32
) -> Int32 {
  let address = address.flatMap { NetworkAddress(String(cString: $0)) }
  return transfer(context).start(at: address) ? Int32(CURL_PREREQFUNC_OK) : Int32(CURL_PREREQFUNC_ABORT)
}

private func onSocket(
  _ context: UnsafeMutableRawPointer?, _ purpose: curlsocktype, _ address: UnsafeMutablePointer<curl_sockaddr>?
) -> curl_socket_t {
  guard let address else { return CURL_SOCKET_BAD }
  var bytes = [UInt8](repeating: 0, count: 16)
  let count = ccurl_address_bytes(address, &bytes)
  guard transfer(context).allows(NetworkAddress(Array(bytes.prefix(count)))) else { return CURL_SOCKET_BAD }
  return ccurl_open_socket(address)
}
