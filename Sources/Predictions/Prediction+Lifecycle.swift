internal import Encoding

extension Prediction {
  /// The whole table of transitions, as one pure function: the next state of this prediction.
  ///
  /// The store runs it on the row inside the transaction that writes the outcome, so the second of two writers sees the
  /// result of the first. Sources/Predictions/README.md, "Transitions", has it as a table.
  ///
  /// - Parameters:
  ///   - writer: the process that reports the event. Events that only the owner may report fail for any other.
  ///   - now: milliseconds since 1970.
  /// - Returns: the next state; the same where nothing changes.
  /// - Throws: `TransitionError` for a transition that is not in the table.
  public func applying(
    _ event: PredictionEvent, by writer: Writer?, at now: Int64
  ) throws(TransitionError) -> Prediction {
    var next = self
    switch event {
    case .claimed:
      try require(isUnsent)
      next.status = .processing
      next.phase = .sending
      next.billing = .unknown
      next.startedAt = now
      next.replaceAddresses()
      next.take(by: writer)

    case .priced(let micros):
      try require(isUnsent)
      next.estimateMicros = micros
      return next

    case .overBudget(let refusal):
      try require(isUnsent)
      next.end(.failed, at: now, failure: .overBudget(refusal))

    case .modelMissing(let failure):
      try require(isUnsent)
      next.end(.failed, at: now, failure: failure)

    case .priceRefused(let failure):
      try require(isUnsent)
      next.end(.failed, at: now, failure: failure)

    case .uploadFailed(let failure, _):
      try require(isUnsent && awaitsAddresses)
      next.end(.failed, at: now, failure: failure)

    case .targetFailed(let failure):
      try require(isChained)
      next.end(.failed, at: now, failure: failure)

    case .cancelAsked(let deleteRemote, let sendable):
      next = try cancelled(deleteRemote: deleteRemote, sendable: sendable, by: writer, at: now)

    case .withdrawn(let sendable):  // A prediction that may have been sent goes on, and its images are kept.
      try require(status == .created || status == .processing && phase == .sending && !sendable)
      next = try cancelled(deleteRemote: false, sendable: sendable, by: writer, at: now)

    case .interrupted:
      if !isUnsent { try requireAwaitsReply(writer) }
      next.billing = .none
      if phase == .settling {
        next.settleUnsent()
      } else {
        next.end(.failed, at: now, failure: .interrupted("It was not sent in time, and nothing was spent."))
      }

    case .notInHistory:  // The writer now stands for the process that accepted it.
      try require(isUnsent)
      next.acceptor = writer?.owner
      return next

    case .foundSeveral(let reason):  // It may have been sent, and is not sent again.
      try require(isUnsent)
      next.end(.failed, at: now, failure: .mayHaveBeenSent(reason))
      next.billing = .unknown

    case .unsent(let reason):
      try requireAwaitsReply(writer)
      next.billing = .none
      if phase == .settling {
        next.settleUnsent()
      } else {
        next.end(
          .failed, at: now,
          failure: PredictionFailure(
            .network, retryable: true, message: sentences(reason, "Nothing was sent and nothing is billed."),
            hint: "Check the network, then submit again."))
      }

    case .refused(let failure, _):
      try requireAwaitsReply(writer)
      next.billing = .none
      if phase == .settling { next.settle(deleting: false) } else { next.end(.failed, at: now, failure: failure) }

    case .accepted(let remoteID, _):  // Without a check of the owner: an id is always written.
      try require(!isUnsent)
      // The id of a reply that could not be read stands for it still, when it can be.
      guard self.remoteID != remoteID || status == .unknown && phase == nil else { return self }
      next.remoteID = remoteID
      // It was sent, although the row says that it was not.
      if billing == .none { next.billing = .unknown }
      switch (status, phase) {
      case (.processing, .sending), (.processing, .looking), (.unknown, .looking), (.unknown, nil):
        next.status = .processing
        next.phase = .polling
        if owner == nil { next.take(by: writer) }
        next.reopen()
      case (.cancelled, .settling):
        next.settle(deleting: deleteRemote)
      default: break
      }

    case .previewed(let preview):
      try requireOwner(writer)
      try require(status == .processing)
      next.preview = preview

    case .ambiguous(let reason, let canLook):
      try requireAwaitsReply(writer)
      if phase == .settling {
        next.settle(deleting: false)
      } else {
        next.doubt(reason, canLook: canLook, at: now)
      }

    case .unreadable(let reason, let reply, let canLook):
      // While it is looked for or polled, the reply is one that was stored before.
      if phase != .looking && phase != .polling { try requireAwaitsReply(writer) } else { try requireOwner(writer) }
      next.unreadReply = reply
      if phase == .settling {
        next.settle(deleting: false)
        let hint = next.whereReplyIs
        next.failure?.hint = hint
      } else {
        next.doubt(reason, canLook: canLook, at: now)
      }

    case .takenOver(let canLook):
      try require(phase != nil && phase != .queued)
      next.take(by: writer)
      switch phase {
      case .sending: next.doubt("The process that sent it ended before the reply was kept.", canLook: canLook, at: now)
      case .settling where remoteID == nil: next.settle(deleting: false)
      default: if preview == nil { return next }
      }

    case .finished(let result, _):
      next = try finished(result, by: writer, at: now)

    case .saved(let saved):
      try requireOwner(writer)
      try require(phase == .fetching)
      next.keep(saved)
      guard next.missingOutputs.isEmpty else {
        // The round goes on. Clients see files only of what is over.
        if status == .processing { return next }
        let rest = next.partialFiles(with: [])
        next.failure?.partial = rest
        break
      }
      next.outputs = next.outputsWithFiles
      next.phase = nil
      next.owner = nil
      if status == .processing { next.end(.completed, at: now, failure: nil) }
      if status == .completed { next.clearFailure() }

    case .downloadGivenUp(let reason, let isFinal, let partial):
      try requireOwner(writer)
      try require(phase == .fetching)
      next.outputs = next.outputsWithFiles
      next.phase = nil
      next.owner = nil
      if status == .cancelled {
        // It is not tried again; the outputs hold the provider's addresses of the images.
        next.failure?.hint = sentences(unsaved, reason)
        next.failure?.partial = partialFiles(with: partial)
        break
      }
      var failure = PredictionFailure(
        .downloadFailed, retryable: false, message: sentences(unsaved, reason),
        hint: isFinal
          ? "The provider no longer has it. A new submit would make and bill another one."
          : "Call result again to try the download once more; it costs nothing.")
      failure.missing = missingOutputs
      failure.partial = partialFiles(with: partial)
      if let part = failure.partial.first {
        let others = failure.partial.count - 1
        failure.hint = sentences(
          failure.hint ?? "",
          "What came of it is kept in \(part.name)" + (others > 0 ? " and \(counted(others, "other file"))" : ""))
      }
      failure.isFinal = isFinal
      if status == .processing { next.end(.completed, at: now, failure: failure) }
      next.failure = failure
      next.error = failure.message

    case .relinked(let outputs):
      try requireOwner(writer)
      try require(phase == .fetching)
      next.outputs = outputs

    case .downloadAgain:
      try require(status == .completed && phase == nil && failure?.kind == .downloadFailed && failure?.isFinal == false)
      next.phase = .fetching
      next.take(by: writer)
      return next

    case .adopted(let match):  // A queued one was sent from a later state of the database.
      try require(phase == .looking || isUnsent)
      if isUnsent {
        next.billing = .unknown
        next.startedAt = min(now, match.createdAt - match.clockSkew)
        next.replaceAddresses()
      }
      next.remoteID = match.remoteID
      next.status = .processing
      next.phase = .polling
      next.take(by: writer)
      next.reopen()

    case .lookedInVain(let reason, let due, let isSettled):
      try require(phase == .looking)
      next.tries = tries + 1
      next.nextAt = due
      guard isSettled else { return next }
      if status == .processing { next.end(.unknown, at: now, failure: next.submissionUnknown(reason)) }
      // Without an owner until a client asks again: that process takes it over for one search.
      next.owner = nil
      next.phase = due == nil ? nil : .looking
      if due == nil {
        let hint = [whereReplyIs, "The provider's history no longer reaches back that far; check the bill."]
        next.failure?.hint = hint.compactMap { $0 }.joined(separator: " ")
      }
      guard next.status != status || next.failure != failure else { return next }

    case .billed(let micros):  // By any process: it only asked.
      try require(status.isTerminal && remoteID != nil && !isFree)
      next.costMicros = micros
      next.isBilled = true

    case .deletionAnswered(let outcome):
      try requireOwner(writer)
      try require(phase == .settling && remoteID != nil)
      next.failure?.hint =
        switch outcome {
        case .deleted: "The provider was asked to delete it and did; whether it is billed is not known."
        case .failed(let reason), .unanswered(let reason):
          sentences("The provider was asked to delete it, and did not confirm: \(reason)")
        }
      next.settle(deleting: false)
    }
    if next.status != .processing { next.preview = nil }
    if isFree { next.billing = .none }
    if next != self { next.revision += 1 }
    return next
  }

  // MARK: - Cancelling

  private func cancelled(
    deleteRemote: Bool, sendable: Bool, by writer: Writer?, at now: Int64
  ) throws(TransitionError) -> Prediction {
    var next = self
    next.deleteRemote = self.deleteRemote || deleteRemote
    switch (status, phase) {
    case (.created, _):
      next.end(
        .cancelled, at: now, failure: .cancelled("Cancelled before it was sent. Nothing was spent."))
    case (.processing, .sending) where !sendable:
      try requireOwner(writer)
      next.billing = .none
      next.end(
        .cancelled, at: now, failure: .cancelled("Cancelled before it was sent. Nothing was spent."))
    case (.processing, .sending):  // The owner stays, and waits for the reply to the POST to learn the id.
      next.end(
        .cancelled, at: now,
        failure: stopped("The request was already on its way; the provider may finish and bill it."))
      next.phase = .settling
      next.owner = owner
    case (.processing, .polling):
      let name = remoteID.map { " (remote id \($0))" } ?? ""
      next.end(
        .cancelled, at: now,
        failure: stopped("The provider may still finish and bill it\(name)."))
      if next.deleteRemote {
        next.phase = .settling
        next.owner = owner
      }
    case (.processing, .looking):
      next.end(
        .cancelled, at: now,
        failure: stopped("Whether the provider took it is not known; it may finish and bill it."))
    case (.cancelled, .settling) where !sendable && remoteID == nil:  // Cancelled twice, and revoked by now.
      try requireOwner(writer)
      next.settleUnsent()
    default:  // Too late, or already over.
      return self
    }
    return next
  }

  // MARK: - Finishing

  private func finished(
    _ result: RemoteResult, by writer: Writer?, at now: Int64
  ) throws(TransitionError) -> Prediction {
    var next = self
    switch result {
    case .running: return self
    case .completed(let outputs, let nsfw, let inference, let data):
      switch (status, phase) {
      case (.processing, .polling): try requireOwner(writer)
      case (.cancelled, nil), (.cancelled, .settling):  // A poll was in progress when it was cancelled.
        try require(remoteID != nil)
        next.take(by: writer)
      default: throw TransitionError(status: status, phase: phase, reason: .noSuchTransition)
      }
      next.phase = .fetching
      next.billing = .charged
      if !isBilled { next.costMicros = estimateMicros }
      next.outputs = outputs.enumerated().map { index, output in
        if case .location(let location) = output { location } else { "inline:\(index + 1)" }
      }
      next.hasNSFWContents = nsfw
      next.inferenceMilliseconds = inference
      next.providerData = data
    case .failed(let failure, let billing):
      switch (status, phase) {
      case (.processing, .polling):
        try requireOwner(writer)
        next.end(.failed, at: now, failure: failure)
      case (.cancelled, nil), (.cancelled, .settling):
        try require(remoteID != nil)
        next.settle(deleting: false)
      default: throw TransitionError(status: status, phase: phase, reason: .noSuchTransition)
      }
      next.billing = billing
      if billing == .refunded, !isBilled { next.costMicros = 0 }
    }
    return next
  }

  // MARK: - Pieces

  private func require(_ condition: Bool) throws(TransitionError) {
    if !condition { throw TransitionError(status: status, phase: phase, reason: .noSuchTransition) }
  }

  /// The writer must be the owner, under the epoch of the row.
  private func requireOwner(_ writer: Writer?) throws(TransitionError) {
    guard let writer, writer.owner == owner, writer.epoch == epoch else {
      throw TransitionError(status: status, phase: phase, reason: .notOwner)
    }
  }

  /// The POST may have been sent, and no reply to it is known.
  private func requireAwaitsReply(_ writer: Writer?) throws(TransitionError) {
    try require(phase == .sending || phase == .settling && remoteID == nil)
    try requireOwner(writer)
  }

  /// Cancelled after its POST may have been written. `bill` says what that may cost.
  private func stopped(_ bill: String) -> PredictionFailure {
    .cancelled("Stopped here. \(isFree ? "Nothing was spent." : bill)")
  }

  private mutating func take(by writer: Writer?) {
    owner = writer?.owner
    epoch += 1
    // The file is another process's.
    preview = nil
  }

  /// Its input is sent with addresses in place of files and outputs.
  private mutating func replaceAddresses() {
    if uploads == .awaited { uploads = .done }
    if references == .awaited { references = .done }
    (targets, waitsFor, attendedAt) = ([], [], nil)
  }

  private mutating func end(_ status: PredictionStatus, at now: Int64, failure: PredictionFailure?) {
    self.status = status
    phase = nil
    owner = nil
    (targets, waitsFor, attendedAt) = ([], [], nil)
    finishedAt = now
    self.failure = failure
    error = failure?.message ?? ""
    if status == .unknown { hasBeenUnknown = true }
  }

  /// Adds saved files. The first file of an output stays: a commit that was tried again may bring a second one.
  private mutating func keep(_ saved: [OutputFile]) {
    let known = Set(files.map(\.index))
    files = (files + saved.filter { !known.contains($0.index) }).sorted { $0.index < $1.index }
  }

  /// The outputs as clients see them: URLs stay, and the others are the URLs of their files. Beyond the largest number of
  /// files, only URLs stay.
  private var outputsWithFiles: [String] {
    let paths = Dictionary(files.map { ($0.index, $0.path) }) { first, _ in first }
    return outputs.enumerated().compactMap { position, output in
      if output.hasPrefix("http://") || output.hasPrefix("https://") { return output }
      if let path = paths[position + 1] { return Self.fileURL(path) }
      return position < Self.savedOutputs ? output : nil
    }
  }

  /// That outputs are not saved, without a full stop.
  private var unsaved: String {
    let missing = missingOutputs.count
    let what =
      files.isEmpty
      ? "its files could not be saved"
      : "\(missing) of its \(counted(missing + files.count, "file")) could not be saved"
    return "It is finished\(isFree ? "" : " and paid for"), but \(what)"
  }

  /// Leaves `unknown`: the prediction is in progress.
  private mutating func reopen() {
    finishedAt = nil
    clearFailure()
  }

  private mutating func clearFailure() {
    failure = nil
    error = ""
  }

  /// Ends a cancelled prediction whose POST was not sent, although it could have been.
  private mutating func settleUnsent() {
    billing = .none
    failure = .cancelled("Cancelled before it was sent. Nothing was spent.")
    error = failure?.message ?? ""
    settle(deleting: false)
  }

  private mutating func settle(deleting: Bool) {
    phase = deleting ? .settling : nil
    if !deleting { owner = nil }
  }

  /// The outcome of the POST is unknown.
  private mutating func doubt(_ reason: String, canLook: Bool, at now: Int64) {
    if canLook {
      phase = .looking
      tries = 0
      nextAt = now + 2_000
    } else {
      end(.unknown, at: now, failure: submissionUnknown(reason))
    }
  }

  /// Where the reply is that could not be read, and how to read it; `nil` where there is none.
  private var whereReplyIs: String? {
    unreadReply.map {
      "What the provider answered is kept in \($0). imagewire reread \(id) tries to read it again; a newer version may be able to."
    }
  }

  private func submissionUnknown(_ reason: String) -> PredictionFailure {
    var failure = PredictionFailure.submissionUnknown(reason, isFree: isFree)
    if let whereReplyIs { failure.hint = [failure.hint, whereReplyIs].compactMap { $0 }.joined(separator: " ") }
    return failure
  }

  /// A path as a `file:` URL: every byte except unreserved characters and `/` is escaped (RFC 3986, RFC 8089).
  static func fileURL(_ path: String) -> String {
    var url: [UInt8] = Array("file://".utf8)
    for byte in path.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "_"), UInt8(ascii: "~"):
        url.append(byte)
      default:
        url.append(UInt8(ascii: "%"))
        url.append(contentsOf: CollectionOfOne(byte).hexadecimal.uppercased().utf8)
      }
    }
    return String(decoding: url, as: UTF8.self)
  }
}

extension PredictionFailure {
  static func interrupted(_ message: String) -> PredictionFailure {
    PredictionFailure(.interrupted, retryable: true, message: message, hint: "Submit it again.")
  }

  static func mayHaveBeenSent(_ reason: String) -> PredictionFailure {
    PredictionFailure(
      .interrupted, retryable: false, message: "\(reason) It is not sent, because it may have been sent before.",
      hint: "Look at the provider's list of recent predictions and at the bill before you submit it again.")
  }

  static func overBudget(_ refusal: BudgetRefusal) -> PredictionFailure {
    PredictionFailure(
      .budgetExceeded, retryable: true, message: sentences(refusal.reason, "Nothing was sent and nothing is billed."),
      hint: refusal.hint)
  }

  static func cancelled(_ message: String) -> PredictionFailure {
    PredictionFailure(.cancelled, retryable: true, message: message)
  }

  static func submissionUnknown(_ reason: String, isFree: Bool) -> PredictionFailure {
    if isFree {
      return PredictionFailure(
        .submissionUnknown, retryable: false, message: "\(reason) It is never sent again. Nothing was spent.")
    }
    return PredictionFailure(
      .submissionUnknown, retryable: false,
      message: sentences(reason, "The provider may have taken it and may bill it; it is never sent again."),
      hint: "Look at the provider's list of recent predictions before you submit it again.")
  }
}

extension Prediction {
  /// The state of a prediction whose adopted remote id belongs to another one, because that one's own reply arrived. It
  /// is searched for again; if it has ended, it only loses the id. Sources/Predictions/README.md, "Transitions".
  public func displaced(at now: Int64) -> Prediction {
    var next = self
    next.remoteID = nil
    if status == .processing {
      next.status = .unknown
      next.phase = .looking
      next.billing = isFree ? .none : .unknown
      next.outputs = []
      next.hasNSFWContents = []
      next.inferenceMilliseconds = nil
      next.nextAt = now
      next.finishedAt = now
      next.failure = .submissionUnknown("The item found at the provider belongs to another prediction.", isFree: isFree)
      next.error = next.failure?.message ?? ""
    }
    next.revision += 1
    return next
  }
}
