internal import Encoding
internal import JSON
internal import JSONRPC
internal import Predictions
internal import Threads

/// Predictions as JSON, cut to the length of a message.
extension Service {
  /// The bytes of a reply beside its result: the envelope, the longest id and a header.
  static let envelopeBytes = 1_200
  /// How long a prediction usually is as JSON, without its input: memory of that size need not grow.
  private static let typicalBytes = 1_536

  /// A prediction as JSON, with what is expected of it while its provider works on it.
  func render(_ snapshot: PredictionSnapshot, isFull: Bool = false) -> [UInt8] {
    let bytes = rendered(snapshot, isFull: isFull)
    guard snapshot.prediction.phase == .polling, let engine = try? opened.value.get(),
      let expectation = engine.expectation(of: snapshot.prediction.id)
    else { return bytes }
    return expectation.added(to: bytes)
  }

  /// A prediction as JSON. Encoded once a revision; the bytes are kept.
  private func rendered(_ snapshot: PredictionSnapshot, isFull: Bool) -> [UInt8] {
    let id = snapshot.prediction.id
    let revision = snapshot.prediction.revision
    // Pauses, warnings and the state of other predictions are not part of the row, so the revision does not cover them.
    let isKept = snapshot.waiting == nil && snapshot.warnings.isEmpty && snapshot.prediction.waitsFor.isEmpty
    if !isFull, isKept, let json = renderedPredictions.withLock({ $0[id, revision] }) { return json }
    var snapshot = snapshot
    // A long input of a finished prediction is not in memory. It is read only where the message may be that long.
    if isFull || maxMessageBytes > LiveCache.longestInput, let engine = try? opened.value.get() {
      snapshot = (try? engine.whole(snapshot)) ?? snapshot
    }
    if isFull { return rendered(snapshot, PredictionEncodingOptions()) }
    let room = maxMessageBytes - Self.envelopeBytes
    var bytes: [UInt8] = []
    let isShort = (snapshot.prediction.input?.count ?? 0) <= room
    if isShort { bytes = rendered(snapshot, PredictionEncodingOptions()) }
    if !isShort || bytes.count > room { bytes = rendered(snapshot, PredictionEncodingOptions(omitsInput: true)) }
    guard isKept else { return bytes }
    let json = bytes
    renderedPredictions.withLock { $0.keep(json, of: id, revision: revision) }
    return bytes
  }

  private func rendered(_ snapshot: PredictionSnapshot, _ options: PredictionEncodingOptions) -> [UInt8] {
    var json = JSONWriter(reserving: Self.typicalBytes)
    snapshot.write(to: &json, options)
    return json.bytes
  }

  /// Writes a prediction with the contents of its files, as far as they fit; the message limit does not apply.
  ///
  /// An image is read and encoded in pieces, straight into the reply, so that it is in memory once.
  ///
  /// - Parameters:
  ///   - limit: how many bytes of files to include, before base64.
  ///   - room: how many bytes the files may take in the reply.
  func writeInline(
    _ snapshot: PredictionSnapshot, _ engine: PredictionEngine, atMost limit: Int64, room: Int,
    to json: inout JSONWriter
  ) {
    let limit = min(limit, Int64(room / 4 * 3))
    var options = PredictionEncodingOptions()
    options.contents = { file, text in
      engine.read(file, for: snapshot.prediction.origin) { Base64.encode($0.span, into: &text) }
    }
    var left = limit
    for (index, file) in snapshot.prediction.visibleFiles.enumerated() where file.bytes <= left {
      left -= file.bytes
      options.inlined.insert(index)
    }
    json.reserve(Int((limit - left + 2) / 3 * 4) + 4_096)
    snapshot.write(to: &json, options)
  }

  /// `{done, predictions, more}`: in the order asked, cut before the message limit.
  func render(_ outcome: WaitOutcome, requested ids: [PredictionID]) -> [UInt8] {
    let byID = Dictionary(outcome.snapshots.map { ($0.prediction.id, $0) }) { first, _ in first }
    let options = PredictionEncodingOptions(hasInput: false)
    var json = JSONWriter(reserving: 1_024 + outcome.snapshots.count * Self.typicalBytes)
    json.beginObject()
    json.name("done")
    json.value(outcome.isFulfilled)
    json.name("predictions")
    json.beginArray()
    var more: [PredictionID] = []
    var isFirst = true
    for (index, id) in ids.enumerated() {
      guard let snapshot = byID[id] else { continue }
      // Each remaining id may have to go into `more`. The first prediction is always included, so that a client that asks for
      // the rest makes progress.
      let room = isFirst ? .max : maxMessageBytes - Self.envelopeBytes - 39 * (ids.count - index)
      if more.isEmpty, json.write(atMost: room, { snapshot.write(to: &$0, options) }) {
        isFirst = false
      } else {
        more.append(id)
      }
    }
    json.endArray()
    json.name("more")
    json.beginArray()
    for id in more { json.value(id.description) }
    json.endArray()
    json.endObject()
    return json.bytes
  }

  /// `{predictions, next_cursor}`, cut before the message limit.
  func render(_ page: ListPage) -> [UInt8] {
    let engine = try? opened.value.get()
    let options = PredictionEncodingOptions(hasInput: false)
    var json = JSONWriter(reserving: 1_024 + page.predictions.count * Self.typicalBytes)
    json.beginObject()
    json.name("predictions")
    json.beginArray()
    var next = page.nextCursor
    for index in page.predictions.indices {
      let snapshot =
        engine?.snapshot(of: page.predictions[index]) ?? PredictionSnapshot(page.predictions[index], resultURL: nil)
      // The first is there in any case, so that the next page begins behind it.
      let limit = index == 0 ? .max : maxMessageBytes - Self.envelopeBytes - 300
      guard json.write(atMost: limit, { snapshot.write(to: &$0, options) }) else {
        next = page.cursors[index - 1]
        break
      }
    }
    json.endArray()
    json.name("next_cursor")
    if let next { json.value(next) } else { json.null() }
    json.endObject()
    return json.bytes
  }
}
