public import Predictions

/// A place in a bucket: `s3://bucket` or `s3://bucket/prefix`.
public struct BucketAddress: Sendable, Hashable {
  /// The name of the bucket.
  public let bucket: String
  /// What stands before the name of an object, without slashes at its ends; may be empty.
  public let prefix: String

  /// Whether a text is meant as one.
  public static func isMeant(by text: String) -> Bool { text.hasPrefix("s3:") }

  /// Reads `s3://bucket/prefix`.
  ///
  /// - Throws: `.folder` with the reason. The prefix is also the path of the copies on the disk, so its parts must be file names.
  public init(_ text: String) throws(OutputError) {
    func wrong(_ reason: String) -> OutputError { .folder(path: text, reason: reason) }
    guard text.hasPrefix("s3://") else { throw wrong("it must begin with s3:// and the name of a bucket") }
    let parts = text.dropFirst(5).split(separator: "/", omittingEmptySubsequences: false)
    let bucket = parts.first.map(String.init) ?? ""
    guard Self.isName(bucket) else {
      throw wrong("a bucket's name has 3 to 63 lower-case letters, digits, dots and hyphens")
    }
    var rest = parts.dropFirst()
    if rest.last == "" { rest.removeLast() }
    guard !rest.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." }) else {
      throw wrong("no part of the prefix may be empty, . or ..")
    }
    let prefix = rest.joined(separator: "/")
    // A key has at most 1,024 bytes, and the name of a file stands behind the prefix.
    guard prefix.utf8.count <= 700 else { throw wrong("the prefix is longer than 700 bytes") }
    guard prefix.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
      throw wrong("the prefix holds a control character")
    }
    self.bucket = bucket
    self.prefix = prefix
  }

  /// The place of an object; `nil` where its location does not end with the name of its file.
  init?(ofObjectAt location: String, called name: String) {
    let end = "/\(name)".utf8
    guard location.utf8.reversed().starts(with: end.reversed()) else { return nil }
    do { self = try Self(String(decoding: location.utf8.dropLast(end.count), as: UTF8.self)) } catch { return nil }
  }

  /// As a user writes it.
  public var text: String { "s3://\(below)" }

  /// Bucket and prefix, which are also the path of the copies below their folder.
  public var below: String { prefix.isEmpty ? bucket : "\(bucket)/\(prefix)" }

  /// The key of an object of this name.
  func key(of name: String) -> String { prefix.isEmpty ? name : "\(prefix)/\(name)" }

  private static func isName(_ text: String) -> Bool {
    let isEnd = { (byte: UInt8?) in
      byte.map {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
      }
        ?? false
    }
    return (3...63).contains(text.utf8.count) && isEnd(text.utf8.first) && isEnd(text.utf8.last)
      && text.utf8.allSatisfy { isEnd($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
      && text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { !$0.isEmpty }
  }
}
