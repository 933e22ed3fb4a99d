/// How the directory of outputs is written: an absolute path, or a place in a bucket.
public enum OutputDirectory {
  private static let bucketScheme = "s3://"

  /// The pattern of JSON Schema for it.
  public static let pattern = "^(/|\(bucketScheme))"

  /// Whether a text may be one. A place in a bucket is checked further where buckets are known.
  public static func isUsable(_ text: String) -> Bool { text.hasPrefix("/") || isInBucket(text) }

  /// Whether it is a place in a bucket.
  public static func isInBucket(_ text: String) -> Bool { text.hasPrefix(bucketScheme) }
}
