internal import HTTP

/// What follows an attempt to put an object under a key that nothing else can have. Pure.
///
/// The key holds the id and the hash, and the request forbids to replace an object. So an object that is there already is ours,
/// from an attempt whose reply was lost or whose process was killed before the commit; its length and hash prove it.
enum DeliveryStep: Equatable {
  /// The object is there.
  case saved
  /// It may be there: its headers tell.
  case look
  /// The server knows no condition: once more without it.
  case withoutCondition
  /// It is not there.
  case failed(BucketFailure)

  /// - Parameters:
  ///   - outcome: of the PUT.
  ///   - bucket: of the request, for messages.
  ///   - server: as messages name it.
  static func after(_ outcome: Result<HTTPResponse, HTTPFailure>, bucket: String, server: String) -> DeliveryStep {
    switch outcome {
    case .success(let answer) where (200..<300).contains(answer.status):
      // A proxy or a login page may say 200 to anything; S3 names the object that it has stored.
      if BucketFailure.isPage(answer) { return .failed(BucketFailure(answer, bucket: bucket, server: server)) }
      return answer.headers["etag"] != nil ? .saved : .look
    case .success(let answer) where answer.status == 412: return .look
    case .success(let answer) where answer.status == 501: return .withoutCondition
    case .success(let answer): return .failed(BucketFailure(answer, bucket: bucket, server: server))
    case .failure(let failure) where failure.mayHaveBeenSent: return .look
    case .failure(let failure): return .failed(BucketFailure(failure, server: server))
    }
  }

  /// - Parameters:
  ///   - outcome: of the HEAD.
  ///   - bytes: the length that the object must have.
  ///   - sha256: the hash that it must have.
  static func afterLook(
    _ outcome: Result<HTTPResponse, HTTPFailure>, bytes: Int64, sha256: String, bucket: String, server: String
  ) -> DeliveryStep {
    switch outcome {
    case .success(let answer) where answer.status == 200:
      guard !BucketFailure.isPage(answer) else {
        return .failed(BucketFailure(answer, bucket: bucket, server: server))
      }
      return isOurs(answer, bytes: bytes, sha256: sha256)
        ? .saved : .failed(BucketFailure("another object has its key"))
    // Amazon answers 403 where nothing is there, unless the key may list the bucket.
    case .success(let answer) where answer.status == 404 || answer.status == 403:
      return .failed(BucketFailure("\(server) has not stored it", mayPass: true))
    case .success(let answer): return .failed(BucketFailure(answer, bucket: bucket, server: server))
    case .failure(let failure): return .failed(BucketFailure(failure, server: server))
    }
  }

  /// Whether the headers of an object say that it is the file of this length and hash.
  static func isOurs(_ answer: HTTPResponse, bytes: Int64, sha256: String) -> Bool {
    answer.headers["content-length"] == "\(bytes)" && answer.headers["x-amz-meta-sha256"] == sha256
  }
}
