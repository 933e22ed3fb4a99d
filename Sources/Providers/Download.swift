internal import Encoding
internal import HTTP
internal import Predictions
internal import Threads

/// Fetches one output into a writer. It follows redirects itself, so that each address is checked before it is requested, and
/// goes on where a connection was cut.
///
/// Its requests carry the name of this program and no key.
struct Download: Sendable {
  let http: HTTPClient
  let policy: EgressPolicy
  let userAgent: String
  let writer: any OutputWriter
  /// Where the output is written and hashed.
  let files: WorkQueue
  let completion: @Sendable (DownloadOutcome) -> Void
  /// What the writer has, in bytes.
  private let written = Protected<Int64>(0)
  /// How many bytes the answer that is being read says that it has; `nil` once the writer knows.
  private let stated = Protected<Int64?>(nil)

  /// How often it goes on after a part that brought less than `goodPart`.
  private static let mostParts = 8
  /// In bytes.
  private static let goodPart: Int64 = 1 << 20

  init(
    http: HTTPClient, policy: EgressPolicy, userAgent: String, writer: any OutputWriter, files: WorkQueue,
    completion: @escaping @Sendable (DownloadOutcome) -> Void
  ) {
    self.http = http
    self.policy = policy
    self.userAgent = userAgent
    self.writer = writer
    self.files = files
    self.completion = completion
  }

  /// One request of a download.
  private struct Step {
    var address: WebAddress
    /// The unchanged address: a signed one must not be normalised.
    var url: String
    /// The address before any redirect, whose extension tells what was to come.
    var name: String
    var redirects = 0
    /// How many short parts came before.
    var parts = 0
    /// Where this part begins, in bytes.
    var begin: Int64 = 0
    /// What the host says of the version of the file, for `If-Range` (RFC 9110, section 13.1.5).
    var version = ""
  }

  /// Starts.
  func fetch(_ url: String) {
    if case .failure(let failure) = HTTPClient.library() {
      completion(.transient(reason: failure.message))
    } else if let address = WebAddress(url) {
      fetch(Step(address: address, url: url, name: url))
    } else {
      completion(.refused(reason: "The output's address cannot be read."))
    }
  }

  private func fetch(_ step: Step) {
    if let refusal = policy.refusal(of: step.address) {
      completion(.refused(reason: "The output's address may not be fetched. \(refusal)"))
      return
    }
    let failed = Protected<OutputError?>(nil)
    let isPart = step.begin > 0
    var headers = [HTTPRequest.Header("User-Agent", userAgent), .init("Accept", "*/*")]
    if isPart { headers += [.init("Range", "bytes=\(step.begin)-"), .init("If-Range", step.version)] }
    let request = HTTPRequest(
      url: step.url, headers: headers,
      // No limit in all: a download that goes on may take its time, on a slow line too.
      // The writer has the limit of an output.
      limits: .init(total: nil, stall: 30_000, floor: 256), bodyLimit: .max,
      whenStated: { [stated] length in stated.withLock { $0 = length } },
      taken: isPart ? 206...206 : 200...200,
      purpose: .download(
        allows: { [policy] in policy.allows($0.reach, host: step.address.host) },
        sink: { [writer, written, stated, files] bytes in
          files.assertIsCurrent()
          do throws(OutputError) {
            let length = stated.withLock { stated in
              defer { stated = nil }
              return stated
            }
            if let length { try writer.expect(length) }
            try writer.write(bytes)
            let count = Int64(bytes.count)
            written.withLock { $0 += count }
            return true
          } catch {
            failed.withLock { $0 = error }
            return false
          }
        }), queue: files)
    http.send(request) { result in
      if let error = failed.withLock({ $0 }) {
        if case .tooLarge = error { completion(.refused(reason: error.message)) } else { completion(.unsaved(error)) }
        return
      }
      switch result {
      case .failure(let failure): self.failed(failure, in: step)
      case .success(let response): self.answered(response, to: step)
      }
    }
  }

  private func answered(_ response: HTTPResponse, to step: Step) {
    switch response.status {
    case 206 where step.begin > 0:
      guard let part = ContentRange(response), part.first == step.begin, let total = part.total else {
        return restart(step)
      }
      // A host may send less than it was asked for (RFC 9110, section 15.3.7).
      let arrived = written.withLock { $0 }
      guard arrived < total else { return completion(.written(hint(response, step))) }
      goOn(after: step, at: arrived)
    case 416 where step.begin > 0:
      restart(step)
    case 200 where response.bodyBytes == 0:
      completion(.transient(reason: "The output is empty."))
    case 200:
      completion(.written(hint(response, step)))
    case 300..<400:
      guard let location = response.headers["location"], let next = step.address.following(location) else {
        completion(.refused(reason: "The output's host redirects without an address."))
        return
      }
      guard step.redirects < EgressPolicy.redirectLimit else {
        completion(.refused(reason: "The output's host redirects more than \(EgressPolicy.redirectLimit) times."))
        return
      }
      var following = step
      (following.address, following.url) = (next, next.text)
      following.redirects += 1
      fetch(following)
    case 408, 425, 429, 500...:
      completion(.transient(reason: "The output's host answered HTTP \(response.status)."))
    case 400..<500:
      completion(
        .expired(
          reason: "The output's host answered HTTP \(response.status): the link is no longer valid.",
          isGone: response.status == 404 || response.status == 410))
    default:
      completion(.transient(reason: "The output's host answered HTTP \(response.status) and no file."))
    }
  }

  private func hint(_ response: HTTPResponse, _ step: Step) -> FormatHint {
    let hasName = !FormatHint(address: step.name).fileExtension.isEmpty
    var hint = FormatHint(
      mediaType: response.headers["content-type"], address: hasName ? step.name : step.address.text)
    hint.saysItsEnd = response.saysItsEnd
    return hint
  }

  // MARK: - After a cut

  /// Asks for the rest where the host serves parts, else ends. An encoded file has no parts that could be joined.
  private func failed(_ failure: HTTPFailure, in step: Step) {
    guard let partial = failure.partial else { return completion(Self.outcome(failure)) }
    if step.begin > 0, partial.status != 206 ? failure.kind == .stopped : ContentRange(partial)?.first != step.begin {
      // The file has changed, or the host serves no parts, or another one.
      return restart(step)
    }
    var next = step
    if next.version.isEmpty { next.version = Self.version(partial) ?? "" }
    guard [.dropped, .timedOut, .other].contains(failure.kind), !next.version.isEmpty,
      partial.headers["content-encoding"] == nil
    else { return completion(Self.outcome(failure)) }
    goOn(after: next, at: written.withLock { $0 }, otherwise: Self.outcome(failure))
  }

  /// Asks for the bytes from a place on.
  ///
  /// - Parameter outcome: of a download that has brought nothing more, or too little too often.
  private func goOn(
    after step: Step, at place: Int64,
    otherwise outcome: DownloadOutcome = .transient(reason: "The output's host sends too small parts.")
  ) {
    var next = step
    if place - step.begin < Self.goodPart { next.parts += 1 }
    guard place > step.begin, next.parts <= Self.mostParts else { return completion(outcome) }
    next.begin = place
    fetch(next)
  }

  /// Begins with the first byte again.
  private func restart(_ step: Step) {
    files.assertIsCurrent()
    guard step.parts < Self.mostParts else {
      return completion(.transient(reason: "The output's host sends parts that do not fit together."))
    }
    do throws(OutputError) {
      try writer.restart()
    } catch {
      return completion(.unsaved(error))
    }
    written.withLock { $0 = 0 }
    var next = step
    next.parts += 1
    (next.begin, next.version) = (0, "")
    fetch(next)
  }

  /// A strong ETag of plain characters (RFC 9110, section 8.8.3); `nil` where the host gives none. The time of the last
  /// change is no version: two may be of one second.
  private static func version(_ response: HTTPResponse) -> String? {
    guard let tag = response.headers["etag"], tag.utf8.first == UInt8(ascii: "\""),
      tag.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
    else { return nil }
    return tag
  }

  private static func outcome(_ failure: HTTPFailure) -> DownloadOutcome {
    switch failure.kind {
    case .forbiddenAddress, .badRequest: .refused(reason: failure.message)
    default: .transient(reason: failure.message)
    }
  }
}

/// What `Content-Range` says of a part (RFC 9110, section 14.4).
private struct ContentRange {
  let first: Int64
  /// The length of the whole file; `nil` where the host does not know it.
  let total: Int64?

  /// `nil` where there is none, or it cannot be read.
  init?(_ response: HTTPResponse) {
    guard let text = response.headers["content-range"], text.hasPrefix("bytes ") else { return nil }
    let parts = text.dropFirst(6).split(separator: "/", omittingEmptySubsequences: false)
    let ends = parts.first?.split(separator: "-") ?? []
    guard parts.count == 2, ends.count == 2, let first = Int64(ends[0]), let last = Int64(ends[1]), last >= first else {
      return nil
    }
    self.first = first
    total = Int64(parts[1])
  }
}
