/// Inputs whose files are uploaded and that are not sent yet. A pure struct.
struct Uploads: Sendable {
  /// An input with the files' addresses in their places.
  struct Input: Sendable {
    var account: String
    var bytes: [UInt8]
    /// Whether the files were replaced by addresses, which a history can be searched for.
    var hasAddresses: Bool
  }

  private var inputs: [PredictionID: Input] = [:]

  /// The input to send, as JSON; `nil` until all files of the prediction are uploaded.
  func input(of id: PredictionID) -> [UInt8]? { inputs[id]?.bytes }

  /// The inputs of an account that may be sent.
  func ready(for account: String) -> [UploadedInput] {
    inputs.filter { $0.value.account == account }.map { id, input in
      UploadedInput(id: id, sent: input.hasAddresses ? input.bytes : nil)
    }
  }

  /// Stores the input of a prediction until it is sent.
  mutating func add(_ input: Input, of id: PredictionID) { inputs[id] = input }

  /// Takes out the input that is sent now.
  mutating func take(_ id: PredictionID) -> [UInt8]? { inputs.removeValue(forKey: id)?.bytes }

  /// Forgets the input of a prediction that is not queued any more.
  mutating func remove(_ id: PredictionID) { inputs[id] = nil }
}
