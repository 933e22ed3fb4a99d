internal import CCurl
internal import Encoding
internal import Threads

/// The loop of the client's thread: takes requests, runs libcurl, and calls completions. Used by that thread only.
struct HTTPLoop: ~Copyable {
  private let inbox: Protected<HTTPClient.Inbox>
  private let environment: ProxyEnvironment
  private let multi: MultiHandle
  /// Running transfers, by handle. A transfer stays here as long as libcurl holds its address.
  private var live: [UnsafeMutableRawPointer: HTTPTransfer] = [:]
  private let slots = HTTPSlots.ofThisProcess
  private let memory: HTTPMemory
  private var downloads = 0
  private var idle = IdleConnections()
  /// Paid requests have priority.
  private var paid = FIFO<HTTPClient.Order>()
  private var others = FIFO<HTTPClient.Order>()
  private var large = FIFO<HTTPClient.Order>()

  /// Runs until the client is closed.
  static func run(inbox: Protected<HTTPClient.Inbox>, environment: ProxyEnvironment, memory: HTTPMemory) {
    guard ccurl_open() == nil, let pointer = ccurl_multi_init() else {
      let reason = ccurl_open().map { String(cString: $0) } ?? "There is no memory for another transfer."
      // The next request tries again, with a new thread.
      let orders = inbox.withLock { inbox in
        defer { inbox.entries = .init() }
        inbox.isRunning = false
        inbox.lacksSomething = true
        return inbox.entries.orders
      }
      for order in orders {
        order.complete(.failure(HTTPFailure(kind: .unavailable, message: reason, mayHaveBeenSent: false)))
      }
      return
    }
    var loop = HTTPLoop(inbox: inbox, environment: environment, memory: memory, multi: MultiHandle(pointer: pointer))
    inbox.withLock { $0.multi = loop.multi }
    loop.work()
  }

  private init(
    inbox: Protected<HTTPClient.Inbox>, environment: ProxyEnvironment, memory: HTTPMemory, multi: MultiHandle
  ) {
    self.inbox = inbox
    self.environment = environment
    self.memory = memory
    self.multi = multi
    // libcurl counts connections in use too: with a lower limit, it would close those that it could reuse.
    _ = ccurl_multi_set_long(multi.pointer, CURLMOPT_MAXCONNECTS, slots.transfers)
  }

  private mutating func work() {
    while let entries = takeEntries() {
      Promptness.required {
        accept(entries)
        startWaiting()
        _ = ccurl_multi_perform(multi.pointer)
        finishEnded()
      }
      // Checks for requests before it waits, also for those that completions have just sent.
      if !live.isEmpty, !hasRoomForWaiting { _ = ccurl_multi_poll(multi.pointer, 10_000) }
    }
    Promptness.required { end() }
  }

  /// Whether a waiting request could start at once.
  private var hasRoomForWaiting: Bool {
    guard live.count < slots.transfers else { return false }
    return !paid.isEmpty || !others.isEmpty || !large.isEmpty && downloads < slots.large
  }

  /// Takes the entries of the inbox; waits for one where nothing runs. `nil` once the client is closed.
  private func takeEntries() -> HTTPClient.Entries? {
    let isIdle = live.isEmpty && paid.isEmpty && others.isEmpty && large.isEmpty
    let entries = inbox.wait { inbox -> HTTPClient.Entries?? in
      if inbox.isClosing { return .some(nil) }
      if isIdle, inbox.entries.isEmpty { return nil }
      defer { inbox.entries = .init() }
      return inbox.entries
    }
    return entries ?? nil
  }

  private mutating func accept(_ entries: HTTPClient.Entries) {
    for number in entries.completed { resume(memory.giveBack(number)) }
    resume(entries.resumed)
    for order in entries.orders {
      switch order.request.purpose {
      case .once: paid.append(order)
      case .repeatable, .open: others.append(order)
      case .download, .upload: large.append(order)
      }
    }
  }

  private mutating func startWaiting() {
    while live.count < slots.transfers {
      if let order = paid.popFirst() ?? others.popFirst() {
        start(order)
      } else if downloads < slots.large, let order = large.popFirst() {
        start(order)
      } else {
        return
      }
    }
  }

  private mutating func start(_ order: HTTPClient.Order) {
    let keeps = idle.keeps(order.request, now: MonotonicClock.milliseconds)
    let made = HTTPTransfer.make(order, keepsConnection: keeps, environment: environment, memory: memory) { [inbox] in
      inbox.signal { inbox in
        inbox.entries.resumed.insert(order.number)
        inbox.multi?.wake()
      }
    }
    switch made {
    case .failure(let failure): complete(order, .failure(failure))
    case .success(let transfer):
      guard ccurl_multi_add(multi.pointer, transfer.easy) == CURLM_OK else {
        complete(
          order, .failure(HTTPFailure(kind: .other, message: "libcurl took no more transfers.", mayHaveBeenSent: false))
        )
        return
      }
      live[transfer.easy] = transfer
      if transfer.isLarge { downloads += 1 }
    }
  }

  private mutating func finishEnded() {
    var code = CURLE_OK
    while let easy = ccurl_multi_ended(multi.pointer, &code) {
      guard let transfer = remove(easy) else { continue }
      let outcome = transfer.outcome(code, environment)
      if case .failure(let failure) = outcome, failure.kind == .unavailable {
        inbox.withLock { $0.lacksSomething = true }
      }
      complete(transfer.order, outcome, sink: transfer.queuedSink)
    }
  }

  /// Completes a request, and releases the memory of its answer after its completion has returned.
  private mutating func complete(
    _ order: HTTPClient.Order, _ outcome: Result<HTTPResponse, HTTPFailure>, sink: QueuedSink? = nil
  ) {
    order.complete(outcome, sink: sink) { [inbox] in
      inbox.signal { inbox in
        inbox.entries.completed.insert(order.number)
        inbox.multi?.wake()
      }
    }
    if order.request.queue == nil { resume(memory.giveBack(order.number)) }
  }

  /// Resumes paused transfers, where memory has become free or a sink takes bytes again.
  private mutating func resume(_ requests: Set<UInt64>) {
    guard !requests.isEmpty else { return }
    for (easy, transfer) in live.filter({ requests.contains($0.value.order.number) }) {
      // One that was resumed before may have ended this one.
      guard live[easy] != nil, !transfer.resume(), remove(easy) != nil else { continue }
      complete(transfer.order, transfer.outcome(CURLE_WRITE_ERROR, environment), sink: transfer.queuedSink)
    }
  }

  /// Removes a transfer from libcurl, before it may be freed.
  private mutating func remove(_ easy: UnsafeMutableRawPointer) -> HTTPTransfer? {
    _ = ccurl_multi_remove(multi.pointer, easy)
    guard let transfer = live.removeValue(forKey: easy) else { return nil }
    if transfer.isLarge { downloads -= 1 }
    return transfer
  }

  private mutating func end() {
    for (easy, transfer) in live {
      _ = remove(easy)
      transfer.order.complete(.failure(Self.closed(sent: transfer.mayHaveBeenSent)))
    }
    let orders = inbox.withLock { inbox in
      defer { inbox.entries = .init() }
      inbox.multi = nil
      return inbox.entries.orders
    }
    ccurl_multi_cleanup(multi.pointer)
    for order in paid.removeAll() + others.removeAll() + large.removeAll() + orders {
      order.complete(.failure(Self.closed(sent: false)))
    }
    inbox.signal { $0.isRunning = false }
  }

  private static func closed(sent: Bool) -> HTTPFailure {
    HTTPFailure(kind: .closed, message: "The HTTP client was closed.", mayHaveBeenSent: sent)
  }
}
