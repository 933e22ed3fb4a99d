internal import Predictions
internal import Service

/// Finds the predictions that a command line names; the only place that resolves names.
struct PredictionLookup {
  let session: Session

  /// Why nothing was found.
  struct Failure: Error {
    /// One or two sentences.
    let message: SafeText
    /// Lines for the predictions that were meant, perhaps.
    var matches: [SafeText] = []
  }

  /// How many matches of an ambiguous prefix are shown.
  private static let shownMatches = 10

  /// The prediction that a text names, with its whole input; and the number of the output that it names.
  func find(_ text: String) throws(Failure) -> (snapshot: PredictionSnapshot, output: Int?) {
    let reference = try reference(text)
    let id = try id(of: reference, as: text)
    let found: PredictionSnapshot?
    do throws(StoreError) {
      found = try session.engine.snapshot(id).map { snapshot throws(StoreError) in try session.engine.whole(snapshot) }
    } catch {
      throw Failure(message: "\(error.message)")
    }
    guard let found else { throw Self.missing(text) }
    return (found, reference.output)
  }

  /// The id that a text names. A whole id need not exist.
  func id(_ text: String) throws(Failure) -> PredictionID {
    let reference = try reference(text)
    guard reference.output == nil else { throw Self.missing(text) }
    return try id(of: reference, as: text)
  }

  private func reference(_ text: String) throws(Failure) -> PredictionReference {
    if let reference = PredictionReference(text) { return reference }
    let isShort = !text.isEmpty && text.utf8.count < PredictionReference.shortestPrefix
    throw Self.missing(text, isShort ? " The beginning of an id has at least 4 characters." : "")
  }

  private func id(of reference: PredictionReference, as text: String) throws(Failure) -> PredictionID {
    switch reference.name {
    case .id(let id): return id
    case .last:
      guard let last = try list(ListQuery(limit: 1)).first else {
        throw Failure(message: "There is no prediction yet. imagewire generate makes one.")
      }
      return last.id
    case .prefix(let prefix):
      let times = PredictionReference.times(of: prefix)
      var query = ListQuery(limit: 500)
      query.createdAfter = times.lowerBound
      query.createdBefore = times.upperBound
      let matches = try list(query).filter { $0.id.description.hasPrefix(prefix) }
      guard let match = matches.first else { throw Self.missing(text) }
      if matches.count == 1 { return match.id }
      let more: SafeText = matches.count > Self.shownMatches ? ", among them" : ""
      throw Failure(
        message: "\(prefix) is the beginning of several ids\(more):",
        matches: matches.prefix(Self.shownMatches).map { ListTable.plain(session).line(of: $0, in: session) })
    }
  }

  /// The first predictions of a query, newest first; a page of the store may be short.
  private func list(_ query: ListQuery) throws(Failure) -> [Prediction] {
    do throws(StoreError) {
      var query = query
      var found: [Prediction] = []
      repeat {
        let page = try session.engine.list(query)
        found += page.predictions
        query.cursor = page.nextCursor
      } while query.cursor != nil && found.count < query.limit
      return found
    } catch {
      throw Failure(message: "\(error.message)")
    }
  }

  private static func missing(_ text: String, _ advice: SafeText = "") -> Failure {
    Failure(
      message: "There is no prediction \(SafeText(text, atMost: 100)).\(advice) imagewire list shows all predictions.")
  }
}

extension Console {
  /// Prints why no prediction was found.
  func tell(_ failure: PredictionLookup.Failure) {
    error(failure.message)
    for line in failure.matches { note("  \(line)") }
  }
}
