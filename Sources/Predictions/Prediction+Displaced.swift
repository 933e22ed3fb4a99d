extension Prediction {
  /// What becomes of a prediction whose adopted remote id turns out to be another's: the other's own reply has come
  /// (line 39 of durability.md section 3). It is looked for again; where it is over already, only its id is taken away.
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
      next.failure = .submissionUnknown("What was found at the provider belongs to another prediction.", isFree: isFree)
      next.error = next.failure?.message ?? ""
    }
    next.revision += 1
    return next
  }
}
