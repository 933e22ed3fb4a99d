internal import Encoding
public import Predictions

/// Pictures go along with the order itself: a file becomes the data URI that `OpenAIRequestBody` puts into the form as bytes.
extension OpenAI: ProviderUploads {
  /// What OpenAI takes of one picture.
  public var byteLimit: Int64 { 50_000_000 }

  /// It is part of one order.
  public var lifetime: Int64? { nil }

  /// Reads it whole, for that is how it is sent.
  public func upload(_ file: any InputFile, completion: @escaping @Sendable (UploadOutcome) -> Void) {
    var text = Array("data:\(file.mediaType);base64,".utf8)
    guard file.read(inPieces: Base64.pieceBytes, { Base64.encode($0, into: &text) }) else {
      return completion(
        .refused(
          PredictionFailure(
            .invalidInput, retryable: false, message: "\(file.name) cannot be read to its end. Nothing was sent.",
            hint: "Submit it again with a file that stays as it is."), pause: nil))
    }
    completion(.uploaded(String(decoding: text, as: UTF8.self)))
  }
}
