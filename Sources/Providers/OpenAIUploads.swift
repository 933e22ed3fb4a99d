public import Predictions

/// Pictures go along with the order itself: a file becomes the data URI that `OpenAIOrder` puts into the form as bytes.
extension OpenAI: ProviderUploads {
  /// What OpenAI takes of one picture.
  public var byteLimit: Int64 { 50_000_000 }

  /// It is part of one order.
  public var lifetime: Int64? { nil }

  /// Reads it whole, for that is how it is sent.
  public func upload(_ file: any InputFile, completion: @escaping @Sendable (UploadOutcome) -> Void) {
    var text = Array("data:\(file.mediaType);base64,".utf8)
    var piece = [UInt8](repeating: 0, count: Base64.pieceBytes)
    var offset: Int64 = 0
    while offset < file.bytes {
      // A piece that came short would put the end of base64 into its middle.
      let wanted = Int(min(Int64(piece.count), file.bytes - offset))
      var count = 0
      piece.withUnsafeMutableBytes { buffer in
        while count < wanted {
          let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[count..<wanted])
          guard let more = file.read(from: offset + Int64(count), into: rest), more > 0 else { break }
          count += more
        }
      }
      guard count == wanted else {
        return completion(
          .refused(
            PredictionFailure(
              .invalidInput, retryable: false, message: "\(file.name) cannot be read to its end. Nothing was sent.",
              hint: "Submit it again with a file that stays as it is."), pause: nil))
      }
      Base64.encode(piece.span.extracting(0..<count), into: &text)
      offset += Int64(count)
    }
    completion(.uploaded(String(decoding: text, as: UTF8.self)))
  }
}
