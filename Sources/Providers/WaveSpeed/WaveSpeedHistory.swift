internal import HTTP
internal import Encoding
internal import JSON
public import Predictions

/// Searches the last seven days of the service's history; Sources/Predictions/README.md, "Searching the history".
extension WaveSpeed: ProviderHistory {
  static let pageSize = 100
  /// How far the service's clock may be off, in milliseconds: the filter in the request is this much wider than the window.
  static let clockTolerance: Int64 = 900_000
  static let pageLimit = 10

  /// Reads pages until an item is older than the window; more than ten pages are too many.
  public func search(
    for prediction: Prediction, window: ClosedRange<Int64>,
    completion: @escaping @Sendable (HistoryOutcome) -> Void
  ) {
    guard let likeness = prediction.likeness, let headers = headers() else {
      completion(.unavailable(reason: "There is no input to compare, or no key to ask with."))
      return
    }
    HistorySearch(
      service: self, headers: headers, model: prediction.model, likeness: likeness, window: window,
      completion: completion
    ).page(1, found: [:])
  }
}

/// One search, page after page.
private struct HistorySearch: Sendable {
  let service: WaveSpeed
  let headers: [HTTPRequest.Header]
  let model: String
  let likeness: Likeness
  let window: ClosedRange<Int64>
  /// The service's clock minus ours; 0 before the first answer.
  var expectedSkew: Int64 = 0
  let completion: @Sendable (HistoryOutcome) -> Void

  /// - Parameter found: every id seen so far, with its match or `nil`; a page may repeat items of the one before.
  func page(_ number: Int, found: [String: HistoryMatch?]) {
    let earliest = window.lowerBound + expectedSkew - WaveSpeed.clockTolerance
    let latest = window.upperBound + expectedSkew + WaveSpeed.clockTolerance
    var body = JSONWriter()
    body.value(
      [
        "page": .number(JSONNumber(number)), "page_size": .number(JSONNumber(WaveSpeed.pageSize)),
        "model": .string(model), "created_after": .string(Timestamp.text(earliest)),
        "created_before": .string(Timestamp.text(latest)),
      ] as JSONValue)
    let request = HTTPRequest(
      url: "\(service.base.text)/api/v3/predictions", headers: headers, body: body.bytes, limits: .init(total: 30_000))
    service.http.send(request) { result in
      switch result {
      case .failure(let failure): completion(.unavailable(reason: service.reason(failure)))
      case .success(let response): read(response, number: number, found: found)
      }
    }
  }

  private func read(_ response: HTTPResponse, number: Int, found: [String: HistoryMatch?]) {
    let answer = WaveSpeedResponse(response)
    let status = answer?.status ?? response.status
    guard (200..<300).contains(status), let items = answer?.object?["items"] else {
      completion(.unavailable(reason: "The provider's history answered HTTP \(status) and no list."))
      return
    }
    let skew = HTTPTime.skew(response.headers, now: service.now()) ?? 0
    if abs(skew) > WaveSpeed.clockTolerance, expectedSkew == 0 {
      // The clocks differ too much for the filter: search once more, with the difference that the answer shows.
      var search = self
      search.expectedSkew = skew
      return search.page(1, found: [:])
    }
    var found = found
    var isNew = false
    var isPast = false
    for item in items.array ?? [] {
      guard let id = item["id"]?.string, WaveSpeed.isValidID(id) else { continue }
      let createdAt = item["created_at"]?.string.flatMap(Timestamp.milliseconds(of:))
      if let createdAt, createdAt - skew < window.lowerBound { isPast = true }
      guard found[id] == nil else { continue }
      isNew = true
      found[id] = .some(match(item, id: id, createdAt: createdAt, skew: skew))
    }
    // Items come newest first. A service that ignores `page` brings nothing new, which ends the search.
    if isPast || !isNew {
      completion(.found(found.values.compactMap { $0 }.sorted { $0.createdAt < $1.createdAt }))
    } else if number == WaveSpeed.pageLimit {
      completion(.tooMany)
    } else {
      page(number + 1, found: found)
    }
  }

  /// Checks each filter again: one that the service ignores must not adopt another prediction's image.
  private func match(_ item: JSONValue, id: String, createdAt: Int64?, skew: Int64) -> HistoryMatch? {
    guard let createdAt, window.contains(createdAt - skew), item["model"]?.string?.hasSameCodePoints(as: model) == true,
      let theirs = (item["input"] ?? item["inputs"])?.object
    else { return nil }
    let item = Likeness(of: theirs)
    return likeness.matches(item)
      ? HistoryMatch(
        remoteID: id, createdAt: createdAt, clockSkew: skew, likeness: item, window: service.historyWindow) : nil
  }
}
