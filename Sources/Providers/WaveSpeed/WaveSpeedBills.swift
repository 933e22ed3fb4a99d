internal import JSON
public import Predictions

/// The bill, `POST …/billings/search`. Free.
extension WaveSpeed: ProviderBills {
  /// Charges less refunds. An item without a price, or of another prediction, says nothing.
  public func bills(
    of remoteIDs: [String], completion: @escaping @Sendable (Result<[String: Int64], ProviderError>) -> Void
  ) {
    var body = JSONWriter()
    body.value(
      [
        "prediction_uuids": .array(remoteIDs.map { .string($0) }), "page": .number(JSONNumber(1)),
        "page_size": .number(JSONNumber(100)),
      ] as JSONValue)
    ask("/api/v3/billings/search", body: body.bytes) { result in
      completion(result.map { Self.bills(in: $0.list ?? $0.object?["items"]?.array ?? [], of: Set(remoteIDs)) })
    }
  }

  static func bills(in items: [JSONValue], of wanted: Set<String>) -> [String: Int64] {
    var bills: [String: Int64] = [:]
    for item in items {
      guard let id = item["prediction"]?["uuid"]?.string, wanted.contains(id),
        let price = item["price"]?.number.flatMap({ Money.micros($0.double) })
      else { continue }
      bills[id, default: 0] += item["billing_type"]?.string == "refund" ? -price : price
    }
    return bills.mapValues { max(0, $0) }
  }
}
