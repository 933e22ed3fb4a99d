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
      next.failure = .submissionUnknown("What was found at the provider belongs to another prediction.", isFree: isFree)
      next.error = next.failure?.message ?? ""
    }
    next.revision += 1
    return next
  }
}
