internal import Encoding
public import Predictions

/// Files are part of the request: a file becomes a data URI, which `OpenAIRequestBody` puts into the form as bytes.
extension OpenAI: ProviderUploads {
  /// OpenAI's limit for one image.
  public var byteLimit: Int64 { 50_000_000 }

  /// It is part of one request.
  public var lifetime: Int64? { nil }

  /// Reads the whole file into memory, because it is sent in one body.
  public func upload(_ file: any InputFile, completion: @escaping @Sendable (UploadOutcome) -> Void) {
    var text = Array("data:\(file.mediaType);base64,".utf8)
    guard file.read(inPieces: Base64.pieceBytes, { Base64.encode($0, into: &text) }) else {
      return completion(
        .refused(
          PredictionFailure(
            .invalidInput, retryable: false, message: "\(file.name) cannot be read to its end. Nothing was sent.",
            hint: "Submit it again with a file that does not change."), pause: nil))
    }
    completion(.uploaded(String(decoding: text, as: UTF8.self)))
  }
}
