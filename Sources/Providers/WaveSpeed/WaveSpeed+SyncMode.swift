internal import JSON

/// `enable_sync_mode` in the input: the reply to the POST brings the outputs, or says after 90 s that they take longer.
extension WaveSpeed {
  /// How long the reply to a POST of this input may take, in milliseconds. In sync mode the service's own clients set no limit.
  static func replyLimit(of input: [UInt8]) -> Int64 {
    // A longer input has an image in it, and is not parsed for this: its reply, if it comes too late, is found in the history.
    guard input.count <= 65_536, let value = try? JSONValue(parsing: input), value["enable_sync_mode"]?.bool == true
    else { return 70_000 }
    return 150_000
  }
}
