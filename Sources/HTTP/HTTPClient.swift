internal import CCurl
internal import Threads

/// Speaks HTTP with libcurl, many requests at a time, on one thread of its own.
///
/// Nothing of it exists before the first request: no thread, no library, no memory. At most 64 transfers are inside
/// libcurl, of them at most 4 downloads, and fewer where the process may open only few files (`HTTPSlots`); the rest wait
/// here, where waiting costs a few bytes. Answers share 64 MB of memory (`HTTPMemory`). Of the process's signals only
/// `SIGPIPE` is touched, which is ignored from the first request on; no child inherits a connection.
public final class HTTPClient: Sendable {
  /// Gets the answer, exactly once, on the client's thread; it must not block.
  public typealias Completion = @Sendable (Result<HTTPResponse, HTTPFailure>) -> Void

  /// Names a request, so that it can be cancelled.
  public struct RequestID: Sendable, Hashable {
    fileprivate let number: UInt64
  }

  /// A request on its way to the thread.
  struct Order: Sendable {
    let number: UInt64
    let request: HTTPRequest
    let completion: Completion
  }

  /// What callers leave for the thread.
  struct Inbox {
    var orders: [Order] = []
    var cancelled: Set<UInt64> = []
    var number: UInt64 = 0
    var isRunning = false
    var isClosing = false
    /// Whether a request failed for lack of libcurl or of certificates.
    var lacksSomething = false
    /// Woken where the thread waits inside libcurl. Set by the thread, and taken away by it before it is freed.
    var multi: MultiHandle?
  }

  private let inbox = Protected(Inbox())
  private let environment: ProxyEnvironment

  /// A client that honours the process's `HTTPS_PROXY`, `NO_PROXY`, `CURL_CA_BUNDLE`, `SSL_CERT_FILE` and the like.
  public convenience init() {
    self.init(environment: .process)
  }

  init(environment: ProxyEnvironment) {
    self.environment = environment
  }

  deinit { close() }

  /// Sends a request. Returns at once.
  @discardableResult
  public func send(_ request: HTTPRequest, completion: @escaping Completion) -> RequestID {
    enum Step { case queued, start, closed }
    let (number, step): (UInt64, Step) = inbox.signal { inbox in
      inbox.number += 1
      guard !inbox.isClosing else { return (inbox.number, .closed) }
      inbox.orders.append(Order(number: inbox.number, request: request, completion: completion))
      inbox.multi?.wake()
      defer { inbox.isRunning = true }
      return (inbox.number, inbox.isRunning ? .queued : .start)
    }
    switch step {
    case .queued: break
    case .start:
      startThread { [inbox, environment] in
        HTTPLoop.run(inbox: inbox, environment: environment)
      }
    case .closed:
      completion(
        .failure(HTTPFailure(kind: .closed, message: "The HTTP client is closed.", mayHaveBeenSent: false)))
    }
    return RequestID(number: number)
  }

  /// Ends a request early; its completion gets `.cancelled`. Does nothing where it has ended already.
  public func cancel(_ id: RequestID) {
    inbox.signal { inbox in
      guard inbox.isRunning, !inbox.isClosing else { return }
      inbox.cancelled.insert(id.number)
      inbox.multi?.wake()
    }
  }

  /// Ends every request (each completion gets `.closed`) and the thread. Returns at once.
  public func close() {
    inbox.signal { inbox in
      inbox.isClosing = true
      inbox.multi?.wake()
    }
  }

  /// Whether the thread is there; for tests.
  var isRunning: Bool { inbox.withLock { $0.isRunning } }

  /// How many downloads there may be at once.
  public var downloadsAtOnce: Int { HTTPSlots(limit: HTTPSlots.limitOfThisProcess).large }

  /// What this machine lacks, where a request has failed for it; looked at again each time, since it may be installed
  /// meanwhile. Costs nothing as long as no request has failed so.
  public var obstacle: String? {
    if let lack = Self.lackOfFiles { return lack }
    guard inbox.withLock({ $0.lacksSomething }) else { return nil }
    if case .failure(let failure) = Self.library() { return failure.message }
    if let problem = environment.certificateProblem { return problem }
    inbox.withLock { $0.lacksSomething = false }
    return nil
  }

  /// Why nothing can be sent where this process may open too few files, with what to do; `nil` otherwise.
  public static var lackOfFiles: String? {
    let limit = HTTPSlots.limitOfThisProcess
    guard limit < HTTPSlots.least else { return nil }
    return "This process may open only \(limit) files, and needs \(HTTPSlots.least): raise the limit (ulimit -n)."
  }

  /// The version of libcurl, opening it, or one sentence that says why there is none.
  public static func library() -> Result<String, HTTPFailure> {
    if let message = ccurl_open() {
      return .failure(
        HTTPFailure(kind: .unavailable, message: String(cString: message), mayHaveBeenSent: false))
    }
    return .success(String(cString: ccurl_version()))
  }
}

/// libcurl's handle for many transfers.
///
/// `@unchecked Sendable`: only the client's thread uses it, but for `wake`, which libcurl allows from any thread. Whoever
/// wakes does so with the inbox locked, and the thread takes the handle out of the inbox before it frees it.
struct MultiHandle: @unchecked Sendable {
  let pointer: UnsafeMutableRawPointer

  func wake() { _ = ccurl_multi_wakeup(pointer) }
}
