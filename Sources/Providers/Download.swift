internal import Encoding
internal import HTTP
internal import Predictions
internal import Threads

/// Fetches one output into a writer. It follows redirects itself, so that each address is checked before it is requested.
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

  /// Starts.
  func fetch(_ url: String) {
    if case .failure(let failure) = HTTPClient.library() {
      completion(.transient(reason: failure.message))
    } else if let address = WebAddress(url) {
      fetch(address, as: url, named: url, redirects: 0)
    } else {
      completion(.refused(reason: "The output's address cannot be read."))
    }
  }

  /// - Parameters:
  ///   - url: the unchanged address: a signed one must not be normalised.
  ///   - name: the address before any redirect, whose extension tells what was to come.
  private func fetch(_ address: WebAddress, as url: String, named name: String, redirects: Int) {
    if let refusal = policy.refusal(of: address) {
      completion(.refused(reason: "The output's address may not be fetched. \(refusal)"))
      return
    }
    let failed = Protected<OutputError?>(nil)
    let request = HTTPRequest(
      url: url, headers: [.init("User-Agent", userAgent), .init("Accept", "*/*")],
      limits: .init(total: 600_000, stall: 20_000), bodyLimit: EgressPolicy.byteLimit,
      purpose: .download(
        allows: { [policy] in policy.allows($0.reach, host: address.host) },
        sink: { [writer, files] bytes in
          files.assertIsCurrent()
          do throws(OutputError) {
            try writer.write(bytes)
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
      case .failure(let failure): completion(Self.outcome(failure))
      case .success(let response): self.answered(response, at: address, named: name, redirects: redirects)
      }
    }
  }

  private func answered(_ response: HTTPResponse, at address: WebAddress, named name: String, redirects: Int) {
    switch response.status {
    case 200 where response.bodyBytes == 0:
      completion(.transient(reason: "The output is empty."))
    case 200:
      let hasName = !FormatHint(address: name).fileExtension.isEmpty
      completion(
        .written(FormatHint(mediaType: response.headers["content-type"], address: hasName ? name : address.text)))
    case 300..<400:
      guard let location = response.headers["location"], let next = address.following(location) else {
        completion(.refused(reason: "The output's host redirects without an address."))
        return
      }
      guard redirects < EgressPolicy.redirectLimit else {
        completion(.refused(reason: "The output's host redirects more than \(EgressPolicy.redirectLimit) times."))
        return
      }
      fetch(next, as: next.text, named: name, redirects: redirects + 1)
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

  private static func outcome(_ failure: HTTPFailure) -> DownloadOutcome {
    switch failure.kind {
    case .forbiddenAddress, .badRequest: .refused(reason: failure.message)
    case .tooLarge: .refused(reason: "The output is larger than \(EgressPolicy.byteLimit) bytes.")
    default: .transient(reason: failure.message)
    }
  }
}
