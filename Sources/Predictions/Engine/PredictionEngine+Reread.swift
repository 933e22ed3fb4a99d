internal import Threads

/// What became of a request to read a kept reply again.
public enum RereadOutcome: Sendable {
  /// It was understood; this is what it said. The prediction goes on, or has ended.
  case understood(PredictionSnapshot)
  /// It is still not understood, for this reason, and stays.
  case stillUnreadable(reason: String)
  /// No reply is kept, or the prediction is neither unknown nor cancelled.
  case nothingToRead(PredictionSnapshot)
  /// The provider's key or address is not configured any more, so that the prediction could not go on.
  case notConfigured(provider: String)
}

extension PredictionEngine {
  /// How many kept replies are read again at a start.
  private static let mostRereads = 100

  /// Reads replies again that another version kept because it could not read them: once with each version.
  func readKeptReplies() {
    guard let replies, !state.withLock({ $0.isStopping }) else { return }
    for id in replies.repliesOfOtherVersions.prefix(Self.mostRereads) {
      guard let prediction = try? store.prediction(id), prediction.unreadReply != nil,
        prediction.status == .unknown || prediction.status == .cancelled,
        state.withLock({ $0.providers[prediction.account] }) != nil, replies.noteReread(of: prediction)
      else { continue }
      reread(id) { [self] result in
        if case .success(.understood) = result {
          notice("The provider's answer to \(id), which another version could not read, is understood now.")
        }
      }
    }
  }

  /// Reads the reply to a POST again that could not be read when it came. Free: nothing is sent for it. Of several
  /// rereads at once, one settles the prediction.
  ///
  /// - Throws: `notFound`, or why the table cannot be read.
  public func reread(
    _ id: PredictionID, completion: @escaping @Sendable (Result<RereadOutcome, StoreError>) -> Void
  ) {
    let completion = reading(completion)
    let snapshot: PredictionSnapshot
    do throws(StoreError) {
      guard let found = try self.snapshot(id) else { throw .notFound }
      snapshot = found
    } catch {
      return completion(.failure(error))
    }
    let prediction = snapshot.prediction
    guard prediction.status == .unknown || prediction.status == .cancelled, prediction.unreadReply != nil else {
      return completion(.success(.nothingToRead(snapshot)))
    }
    guard let provider = state.withLock({ $0.providers[prediction.account] }) else {
      return completion(.success(.notConfigured(provider: prediction.provider)))
    }
    provider.reread(prediction) { [self] outcome in
      switch outcome {
      case .accepted(let remoteID, let result, let clockSkew)?:
        record(id, .accepted(remoteID: remoteID, clockSkew: clockSkew), by: writer(of: prediction)) { [self] in
          // A cancelled prediction is not polled: what the reply holds is all that comes.
          if prediction.status == .cancelled, result != .running { finish(prediction, result) }
          let after = Result { () throws(StoreError) in try self.snapshot(id) ?? snapshot }
          completion(after.map { .understood($0) })
        }
      case .refused(let failure, _)?: completion(.success(.stillUnreadable(reason: failure.message)))
      case .unsent(let reason)?, .ambiguous(let reason)?, .unreadable(let reason, _)?:
        completion(.success(.stillUnreadable(reason: reason)))
      case nil: completion(.success(.nothingToRead(snapshot)))
      }
    }
  }
}
