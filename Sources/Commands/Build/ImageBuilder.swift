internal import Encoding
internal import JSON
internal import Predictions
internal import Service
internal import Threads

/// Makes the images of a build, or says what they would cost.
struct ImageBuilder {
  let invocation: Invocation
  let session: Session

  private var console: Console { session.console }
  private var engine: PredictionEngine { session.engine }
  private func digest(_ path: String) throws(FileDigestError) -> [UInt8] { try session.engine.digest(ofFile: path) }

  private static let year: Int64 = 31_536_000_000

  /// A line for each file: what happened, its path, and perhaps its cost.
  private func report(_ word: StaticString, _ target: BuildTarget, _ detail: SafeText = "") {
    let word = "\(word)".padded(to: 9)
    console.print(detail.description.isEmpty ? "\(word)  \(target.label)" : "\(word)  \(target.label)  \(detail)")
  }

  // MARK: - Without making anything

  /// Prints what is missing and what it would cost.
  func quote(_ targets: [BuildTarget]) -> ExitStatus {
    var (total, isExact, status) = (0 as Int64, true, ExitStatus.done)
    var missing = 0
    for target in targets {
      guard target.step != .none else {
        report("unchanged", target)
        continue
      }
      missing += 1
      let request = request(target.block, attempt: 1)
      let result: Result<Quote, PredictionEngine.PriceError> = answer { completion in
        do throws(PredictionEngine.PriceError) {
          try engine.quote(request, completion: completion)
        } catch {
          completion(.failure(error))
        }
      }
      switch result {
      case .success(let quote):
        total += quote.micros
        isExact = isExact && quote.isExact
        report(target.step == .replace ? "replace" : "make", target, QuoteCommand.line(quote))
      case .failure(.noPricing):
        isExact = false
        report(target.step == .replace ? "replace" : "make", target, "price not known")
      case .failure(let error):
        status = console.tell(UnusableRequest(error), isUsage: error.isUsage)
      }
    }
    if missing == 0 {
      console.note("Nothing is to be made.")
    } else if status == .done {
      let price = SafeText(Money.dollars(total))
      console.note(
        "\(counted(missing, "image")) to make: \(isExact ? "\(price)" : "\(price) or more" as SafeText). Nothing was sent."
      )
    }
    return status
  }

  // MARK: - Making

  /// Makes what is missing. Images that are in progress when a signal arrives go on, and the next build takes them.
  func build(_ targets: [BuildTarget]) -> ExitStatus {
    for target in targets where target.step == .none {
      target.folder.finish(
        target.name, (try? target.folder.lock())?[target.name],
        digest: { path throws(FileDigestError) in try digest(path) })
      report("unchanged", target)
    }
    let missing = targets.filter { $0.step != .none }
    guard !missing.isEmpty else { return .done }
    do throws(ImageFolder.Failure) {
      for target in missing { try target.folder.prepare() }
    } catch {
      console.error("\(error.message) Nothing was sent.")
      return .failed
    }
    if missing.contains(where: { !$0.block.input.isEmpty }) {
      // Otherwise a misspelt field would be sent and paid for.
      let _: Bool = answer { completion in
        engine.learnModels(of: invocation.value("--provider")) { completion(true) }
      }
    }
    return make(missing)
  }

  private enum Event: Sendable {
    case ended(Int, PredictionSnapshot?)
    case signal(Int32)
  }

  private func make(_ targets: [BuildTarget]) -> ExitStatus {
    var status = ExitStatus.done
    var open: [Int: (id: PredictionID, isNew: Bool)] = [:]
    // By the number of their target.
    let finished = Protected<[(index: Int, snapshot: PredictionSnapshot?)]>([])
    let signals = session.signals
    for (index, target) in targets.enumerated() {
      if let number = signals.state.withLock({ $0.signal }) { return stop(open.values.map(\.id), number) }
      guard let accepted = submit(target) else {
        status = status.worse(.failed)
        continue
      }
      let id = accepted.snapshot.prediction.id
      open[index] = (id, accepted.isNew)
      do throws(StoreError) {
        try engine.wait(for: [id], atMost: Self.year) { outcome in
          finished.withLock { $0.append((index, outcome.snapshots.first)) }
          signals.state.signal { _ in }
        }
      } catch {
        finished.withLock { $0.append((index, nil)) }
      }
    }
    let isDrawn = console.isErrorTerminal && !invocation.has("--quiet") && console.variables["TERM"] != "dumb"
    let started = session.time.now.steady
    let deadline = invocation.number("--timeout").map { started + Int64($0) * 1_000 }
    var isFree = false
    while !open.isEmpty {
      if isDrawn { draw(open.values.map(\.id), of: targets.count, since: started) }
      let left = deadline.map { max(0, $0 - session.time.now.steady) }
      let frame: Int64? = isDrawn ? 1_000 : nil
      let event = signals.state.wait(atMost: [left, frame].compactMap { $0 }.min()) { state -> Event? in
        let next = finished.withLock { $0.isEmpty ? nil : $0.removeFirst() }
        if let next { return .ended(next.index, next.snapshot) }
        defer { state.signal = nil }
        return state.signal.map(Event.signal)
      }
      if isDrawn { console.draw("\r\u{1B}[K") }
      switch event {
      case .ended(let index, let snapshot)?:
        let isNew = open.removeValue(forKey: index)?.isNew ?? false
        let outcome = place(snapshot?.prediction, targets[index], isNew: isNew)
        isFree = isFree || outcome == .done && snapshot?.prediction.isFree == true
        status = status.worse(outcome)
      case .signal(let number)?: return stop(open.values.map(\.id), number)
      case nil where left == 0:
        console.error(
          "The time is up; \(counted(open.count, "image")) \(open.count == 1 ? "goes" : "go") on. The next build takes what is made, and pays nothing again."
        )
        return .unknown
      case nil: break
      }
    }
    if isFree { console.note(ResultReport.drawnOffline) }
    return status
  }

  /// How far the build is: `2 of 6 images, 12 s, the next in about 8 s`.
  private func draw(_ open: [PredictionID], of count: Int, since started: Int64) {
    let elapsed = age(session.time.now.steady - started)
    let next = open.compactMap { engine.expectation(of: $0)?.remaining }.min()
    let rest: SafeText = next.map { ", the next in about \(age($0))" } ?? ""
    console.draw("\r\(count - open.count) of \(counted(count, "image")), \(elapsed)\(rest)\u{1B}[K")
  }

  /// Stops after a signal. What was not sent is withdrawn, which costs nothing.
  private func stop(_ open: [PredictionID], _ number: Int32) -> ExitStatus {
    var sent = 0
    for id in open {
      guard let snapshot = try? engine.snapshot(id), snapshot.prediction.isUnsent else {
        sent += 1
        continue
      }
      engine.cancel(id, deleteRemote: false) { _ in }
    }
    engine.settle()
    let rest: SafeText =
      sent == 0
      ? "Nothing was spent on what is missing."
      : "\(counted(sent, "image")) \(sent == 1 ? "is" : "are") being made: the next build takes \(sent == 1 ? "it" : "them") and pays nothing again."
    console.error("Stopped. \(rest)")
    return number == 2 ? .interrupted : .unknown
  }

  // MARK: - One image

  private func request(_ block: ImageBlock, attempt: Int) -> PredictionRequest {
    var request = PredictionRequest(input: block.input)
    request.input["prompt"] = .string(block.prompt)
    request.model = block.model
    request.provider = invocation.value("--provider")
    request.idempotencyKey = attempt == 1 ? block.key : "\(block.key)-\(attempt)"
    request.tags = ["build"]
    request.maxCostMicros = invocation.value("--max-cost").flatMap { Double($0) }.flatMap(Money.micros)
    request.allowsEstimates = invocation.has("--max-cost-estimates")
    return request
  }

  /// How often a block may have been tried without cost, deleted, or made by other providers.
  private static let attempts = 100

  /// Submits a block, or finds the prediction that was made for it. A key whose prediction was deleted, is another provider's or
  /// model's, or ended without cost is passed over. Prints why there is none.
  private func submit(_ target: BuildTarget) -> PredictionEngine.Accepted? {
    for attempt in 1...Self.attempts {
      let result: Result<PredictionEngine.Accepted, SubmitError> = answer { completion in
        do throws(SubmitError) {
          try engine.submit(request(target.block, attempt: attempt), completion: completion)
          engine.settle()
        } catch {
          completion(.failure(error))
        }
      }
      switch result {
      case .failure(.conflict): continue
      case .failure(let error):
        let refusal = UnusableRequest(error)
        console.error("\(target.label): \(sentences(refusal.message))")
        if let hint = refusal.hint { console.note(SafeText(hint)) }
        return nil
      case .success(let accepted):
        let prediction = accepted.snapshot.prediction
        if !accepted.isNew, [.failed, .cancelled].contains(prediction.status),
          prediction.billing == .none || prediction.billing == .refunded
        {
          continue
        }
        for warning in accepted.snapshot.warnings { console.error("\(target.label): \(warning.message).") }
        return accepted
      }
    }
    console.error("\(target.label): it was tried \(Self.attempts) times. Change its block.")
    return nil
  }

  /// Puts the file of a finished prediction in its place. Prints what happened.
  private func place(_ prediction: Prediction?, _ target: BuildTarget, isNew: Bool) -> ExitStatus {
    guard let prediction else {
      console.error("\(target.label): the prediction was deleted meanwhile.")
      return .failed
    }
    guard prediction.status == .completed, prediction.failure == nil, let file = prediction.visibleFiles.first else {
      console.error("\(target.label): \(prediction.status.rawValue): \(prediction.error)")
      if let hint = prediction.failure?.hint { console.note(SafeText(hint)) }
      let wasTried = !isNew && prediction.status != .completed
      let advice: SafeText =
        wasTried && prediction.billing != .none
        ? ". It is not tried again, because that may cost again; for that change its block." : ""
      console.note("\(prediction.id), billing: \(prediction.billing.rawValue)\(advice)")
      return ExitStatus(prediction) == .done ? .failed : ExitStatus(prediction)
    }
    let suffix = target.name.split(separator: ".").last?.lowercased() ?? ""
    guard FileFormat.named(suffix)?.mediaType == file.mediaType else {
      let format = SafeText(FileFormat(mediaType: file.mediaType)?.fileExtension ?? file.mediaType, atMost: 100)
      console.error(
        "\(target.label): the model made a file of the format \(format). Give the file in the block that ending, or ask for another format in its input. It is saved as \(SafeText(path: file.path)), and with the new name the next build takes it without paying again."
      )
      return .failed
    }
    let _: Bool = answer { completion in engine.bringBack(prediction) { completion(true) } }
    do throws(ImageFolder.Failure) {
      try target.folder.place(
        target.name, ImageLock.Entry(key: target.block.key, sha256: file.sha256), replacing: target.replaced,
        digest: { path throws(FileDigestError) in try digest(path) },
        write: { write in engine.read(file, for: prediction.origin, write) })
    } catch {
      console.error("\(target.label): \(error.message)")
      let saved: SafeText =
        ImageSource.isFile(file.path)
        ? "The image is saved as \(SafeText(path: file.path)); the next build takes it from there without paying again."
        : "The saved file \(SafeText(path: file.path)) is gone. After imagewire delete \(prediction.id) the next build makes the image anew, which costs as much again."
      console.note(saved)
      return .failed
    }
    let cost = isNew ? ListTable.cost(of: prediction) : ""
    report(isNew ? "made" : "reused", target, SafeText(cost))
    return .done
  }
}

extension ExitStatus {
  /// The status of two images together: the first that is not a success.
  fileprivate func worse(_ other: ExitStatus) -> ExitStatus { self == .done ? other : self }
}

extension String {
  fileprivate func padded(to width: Int) -> SafeText {
    SafeText(self + String(repeating: " ", count: max(0, width - count)))
  }
}
