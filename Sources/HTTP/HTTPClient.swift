internal import CCurl
internal import Threads

/// An HTTP client over libcurl that runs many requests at a time on one thread of its own.
///
/// The thread starts, and libcurl is opened, with the first request. At most 64 transfers run at once, of them at most 4
/// downloads or uploads, and fewer where the process may open only few files (`HTTPSlots`); further requests wait in a
/// queue. Answers share 64 MiB of memory (`HTTPMemory`). The only signal that it changes is `SIGPIPE`, which is ignored
/// from the first request on; child processes inherit no connection.
public final class HTTPClient: Sendable {
  /// Called exactly once: on the request's queue, or on the client's thread where it has none, and there it must not
  /// block.
  public typealias Completion = @Sendable (Result<HTTPResponse, HTTPFailure>) -> Void

  /// A request that waits for its transfer.
  struct Order: Sendable {
    let number: UInt64
    let request: HTTPRequest
    let completion: Completion

    /// Calls the completion where the request wants it.
    ///
    /// - Parameters:
    ///   - sink: has the last word, because bytes that wait on the queue may still fail.
    ///   - afterwards: called on the request's queue once the completion has returned; without a queue, never.
    func complete(
      _ outcome: Result<HTTPResponse, HTTPFailure>, sink: QueuedSink? = nil,
      afterwards: @escaping @Sendable () -> Void = {}
    ) {
      guard let queue = request.queue else { return completion(outcome) }
      queue.async {
        completion(sink?.judged(outcome) ?? outcome)
        afterwards()
      }
    }
  }

  /// What the thread takes from other threads at a time.
  struct Entries {
    var orders: [Order] = []
    /// Downloads whose sinks take bytes again after a pause, or have failed.
    var resumed: Set<UInt64> = []
    /// Requests whose completions have returned on a queue.
    var completed: Set<UInt64> = []

    var isEmpty: Bool { orders.isEmpty && resumed.isEmpty && completed.isEmpty }
  }

  /// The state that callers and the thread share.
  struct Inbox {
    var entries = Entries()
    var number: UInt64 = 0
    var isRunning = false
    var isClosing = false
    /// Whether a request failed because libcurl or certificates are missing.
    var lacksSomething = false
    /// Wakes the thread where it waits inside libcurl. The thread sets it, and takes it away before it frees it.
    var multi: MultiHandle?
  }

  private let inbox = Protected(Inbox())
  private let environment: ProxyEnvironment
  private let memoryLimit: Int

  /// A client that uses the process's `HTTPS_PROXY`, `NO_PROXY`, `CURL_CA_BUNDLE`, `SSL_CERT_FILE` and the like.
  public convenience init() {
    self.init(environment: .process)
  }

  /// - Parameter memoryLimit: the bytes of all answers in memory.
  init(environment: ProxyEnvironment, memoryLimit: Int = HTTPMemory.limit) {
    self.environment = environment
    self.memoryLimit = memoryLimit
  }

  deinit { close() }

  /// Sends a request. Returns at once.
  public func send(_ request: HTTPRequest, completion: @escaping Completion) {
    enum Step { case queued, start, closed(Order) }
    let step: Step = inbox.signal { inbox in
      inbox.number += 1
      let order = Order(number: inbox.number, request: request, completion: completion)
      guard !inbox.isClosing else { return .closed(order) }
      inbox.entries.orders.append(order)
      inbox.multi?.wake()
      defer { inbox.isRunning = true }
      return inbox.isRunning ? .queued : .start
    }
    switch step {
    case .queued: break
    case .start:
      startThread { [inbox, environment, memoryLimit] in
        HTTPLoop.run(inbox: inbox, environment: environment, memory: HTTPMemory(limit: memoryLimit))
      }
    case .closed(let order):
      order.complete(
        .failure(HTTPFailure(kind: .closed, message: "The HTTP client is closed.", mayHaveBeenSent: false)))
    }
  }

  /// Ends every request (each completion gets `.closed`) and the thread. Returns at once.
  public func close() {
    inbox.signal { inbox in
      inbox.isClosing = true
      inbox.multi?.wake()
    }
  }

  /// Whether the thread runs; for tests.
  var isRunning: Bool { inbox.withLock { $0.isRunning } }

  /// The number of downloads and uploads that may run at once.
  public var downloadsAtOnce: Int { HTTPSlots(limit: OpenFiles.limit).large }

  /// The library or certificates that this machine lacks, in one sentence, once a request has failed for it; `nil`
  /// otherwise. Checked again at each call, because the user may install it meanwhile.
  public var obstacle: String? {
    if let lack = Self.lackOfFiles { return lack }
    guard inbox.withLock({ $0.lacksSomething }) else { return nil }
    if case .failure(let failure) = Self.library() { return failure.message }
    if let problem = environment.certificateProblem { return problem }
    inbox.withLock { $0.lacksSomething = false }
    return nil
  }

  /// One sentence where this process may open too few files to send anything, with the remedy; `nil` otherwise.
  public static var lackOfFiles: String? {
    let limit = OpenFiles.limit
    guard limit < HTTPSlots.least else { return nil }
    return "This process may open only \(limit) files, and needs \(HTTPSlots.least): raise the limit (ulimit -n)."
  }

  /// Opens libcurl and returns its version, or a failure whose message names the missing package.
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
/// `@unchecked Sendable`: only the client's thread uses it, except for `wake`, which libcurl allows from any thread.
/// `wake` is called with the inbox locked, and the thread takes the handle out of the inbox before it frees it.
struct MultiHandle: @unchecked Sendable {
  let pointer: UnsafeMutableRawPointer

  func wake() { _ = ccurl_multi_wakeup(pointer) }
}
