internal import JSON
internal import Threads

/// Predictions whose input names outputs of others; Sources/Predictions/README.md, "Chains".
extension PredictionEngine {
  // MARK: - At acceptance

  /// The outputs that a request names, each checked as far as it is known.
  ///
  /// - Throws: the first problem, as `.invalid`.
  func outputReferences(
    of request: PredictionRequest, at provider: any Provider
  ) throws(SubmitError) -> [OutputReferences.Found] {
    let found: [OutputReferences.Found]
    do throws(OutputReferences.Misspelt) {
      found = try OutputReferences.find(in: request.input)
    } catch {
      throw .invalid(
        path: error.member,
        message: "\(error.member) looks like the name of an output, and is not spelled as one: write nothing but "
          + "imagewire://predictions/ID/N, with the whole id in lower case and N from 1 to \(Prediction.savedOutputs). "
          + "Nothing was sent.")
    }
    guard found.count <= OutputReferences.limit else {
      throw .invalid(
        path: "input",
        message: "input names \(found.count) outputs; \(OutputReferences.limit) are allowed. Nothing was sent.")
    }
    let now = time.now.wall
    var targets: [PredictionID: Prediction] = [:]
    for place in found {
      let reference = place.reference
      if targets[reference.target] == nil { targets[reference.target] = try target(of: place, for: request) }
      guard let target = targets[reference.target] else { throw .invalid(.missing(reference.target), in: place) }
      switch target.status {
      case .created, .processing: break
      case .completed:
        guard
          ChainPolicy.source(
            of: reference.output, in: target, for: provider.name, account: provider.account, at: now) != nil
        else {
          throw .invalid(
            target.mayFetch(reference.output) ? .notDownloaded(reference) : .noOutput(reference), in: place)
        }
      case .failed, .cancelled, .unknown: throw .invalid(.over(target), in: place)
      }
      guard request.sharesOutputs || target.provider == provider.name && target.account == provider.account else {
        throw .invalid(.foreign(target), in: place)
      }
    }
    return found
  }

  /// The first problem with the outputs that a request names. Whether another account may get them is not asked.
  func referenceProblems(in request: PredictionRequest, at provider: any Provider) -> [InputSchema.Problem] {
    var request = request
    request.upload = true
    do throws(SubmitError) {
      _ = try outputReferences(of: request, at: provider)
    } catch {
      guard case .invalid(let path, let message) = error else { return [] }
      let end = ". Nothing was sent."
      return [.init(path: path, message: message.hasSuffix(end) ? String(message.dropLast(end.count)) : message)]
    }
    return []
  }

  /// The prediction that a reference names; `nil` where there is none. For an agent there are only its own.
  private func target(
    of place: OutputReferences.Found, for request: PredictionRequest
  ) throws(SubmitError) -> Prediction? {
    let id = place.reference.target
    do throws(StoreError) {
      guard let target = try store.listed(id) else { return nil }
      guard request.origin == .mcp else { return target }
      return Agent(id: request.agent ?? "").owns(target) ? target : nil
    } catch {
      throw .storage(error, id)
    }
  }

  // MARK: - While it waits

  /// Notes that a prediction waits: changes by other processes are read from now on.
  func noteChain() {
    let now = time.now.steady
    state.withLock { state in
      state.chains.note()
      arm(&state, now: now)
    }
  }

  /// Starts a round where predictions wait for this one, which is over.
  func followIfAwaited(_ id: PredictionID) {
    if (try? store.isAwaited(id)) == true { follow() }
  }

  /// One round: ends predictions whose input cannot come any more, and claims those that are ready.
  func follow() {
    let accounts = state.withLock { state -> Set<String>? in
      guard !state.isStopping, state.chains.begin() else { return nil }
      return Set(state.providers.keys)
    }
    guard let accounts else { return }
    store.follow(accounts: accounts) { [self] result in
      let now = time.now.steady
      let round = try? result.get()
      let mustRepeat = state.withLock { state in
        defer { arm(&state, now: now) }
        return state.chains.end(areWaiting: round?.isWaiting)
      }
      if case .failure(let error) = result {
        notice("Predictions that wait for outputs of others could not be looked at: \(error.message)")
      }
      for prediction in round?.ended ?? [] { rowWasCommitted(prediction) }
      for account in round?.ready ?? [] { react(.queued(account: account)) }
      refreshWaiting()
      if mustRepeat || round?.hasMore == true { follow() }
    }
  }

  /// Reads predictions again that a client waits for and that wait themselves: what they wait for may have changed.
  private func refreshWaiting() {
    let ids = state.withLock { state in
      state.waiters.awaited.filter { state.live[$0]?.isChained == true }
    }
    for id in ids {
      guard let row = (try? store.prediction(id)) ?? nil, row.isChained else { continue }
      rowWasCommitted(row, schedules: false)
    }
  }
}

/// Why an output cannot be named.
enum ReferenceProblem {
  case missing(PredictionID)
  case noOutput(OutputReference)
  case notDownloaded(OutputReference)
  case over(Prediction)
  case foreign(Prediction)
  case tooDeep
}

extension SubmitError {
  /// An error of a field that names an output.
  static func invalid(_ problem: ReferenceProblem, in place: OutputReferences.Found?) -> SubmitError {
    let member = place?.member ?? "input"
    let text =
      switch problem {
      case .missing(let id): "\(member) names an output of \(id), and there is no such prediction"
      case .noOutput(let reference):
        "\(member) names output \(reference.output) of \(reference.target), which has no such output that can be used"
      case .notDownloaded(let reference):
        "\(member) names output \(reference.output) of \(reference.target), whose download failed: call result with that id "
          + "first, which tries it again for free"
      case .over(let target): "\(member) names an output of \(target.id), which is \(target.status.rawValue)"
      case .foreign(let target):
        "\(member) names an output of \(target.id), which was made with another account or provider: it is sent there "
          + "only with upload: true"
      case .tooDeep: "\(member): more than \(ChainPolicy.depthLimit) predictions would wait for each other"
      }
    return .invalid(path: member, message: "\(text). Nothing was sent.")
  }
}
