internal import JSON
public import Predictions

extension PredictionSnapshot {
  /// The prediction as all methods but `list` and `wait` return it.
  public var json: [UInt8] {
    var json = JSONWriter(reserving: 1_024)
    write(to: &json)
    return json.bytes
  }

  /// The prediction as `list` and `wait` return it: without `input` and `metadata`.
  public var listedJSON: [UInt8] {
    var json = JSONWriter(reserving: 1_024)
    write(to: &json, PredictionEncodingOptions(hasInput: false))
    return json.bytes
  }
}
