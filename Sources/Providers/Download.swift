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

  /// How often it goes on after a cut.
  private static let mostParts = 8

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
    /// How many parts came before.
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
      // No limit in all: a download that goes on may take its time.
      limits: .init(total: nil, stall: 30_000, floor: 16 << 10), bodyLimit: EgressPolicy.byteLimit,
      taken: isPart ? 206...206 : 200...200,
      purpose: .download(
        allows: { [policy] in policy.allows($0.reach, host: step.address.host) },
        sink: { [writer, written, files] bytes in
          files.assertIsCurrent()
          do throws(OutputError) {
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
      guard response.headers["content-range"]?.hasPrefix("bytes \(step.begin)-") == true else { return restart(step) }
      completion(.written(hint(response, step)))
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
    guard let partial = failure.partial, step.parts < Self.mostParts else { return completion(Self.outcome(failure)) }
    if step.begin > 0, failure.kind == .stopped, partial.status != 206 {
      // The file has changed, or the host serves no parts.
      return restart(step)
    }
    let arrived = written.withLock { $0 }
    let version = step.version.isEmpty ? Self.version(partial) : step.version
    guard [.dropped, .timedOut, .other].contains(failure.kind), arrived > step.begin, let version,
      partial.headers["content-encoding"] == nil
    else { return completion(Self.outcome(failure)) }
    var next = step
    next.parts += 1
    (next.begin, next.version) = (arrived, version)
    fetch(next)
  }

  /// Begins with the first byte again.
  private func restart(_ step: Step) {
    files.assertIsCurrent()
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

  /// A strong ETag, or the time of the last change; `nil` where the host gives neither.
  private static func version(_ response: HTTPResponse) -> String? {
    if let tag = response.headers["etag"], !tag.hasPrefix("W/") { return tag }
    return response.headers["last-modified"]
  }

  private static func outcome(_ failure: HTTPFailure) -> DownloadOutcome {
    switch failure.kind {
    case .forbiddenAddress, .badRequest: .refused(reason: failure.message)
    case .tooLarge: .refused(reason: "The output is larger than \(EgressPolicy.byteLimit) bytes.")
    default: .transient(reason: failure.message)
    }
  }
}
