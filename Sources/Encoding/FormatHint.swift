/// The media type and the extension that a file comes with. `FileFormat` decides with them where the bytes do not.
public struct FormatHint: Sendable, Equatable {
  /// As its sender states it, in lower case and without parameters; empty where it does not.
  public let mediaType: String
  /// Of its name or address, in lower case and without the dot; empty where it has none.
  public let fileExtension: String
  /// Whether it came from an address, not within an answer.
  public let isDownload: Bool
  /// Whether its sender said where it ends. Otherwise the format's own end decides: `FileEnd`.
  public var saysItsEnd = true

  /// - Parameters:
  ///   - mediaType: a media type or the value of a `Content-Type`, with parameters or without.
  ///   - address: a path or URL; a query and a fragment are left out.
  public init(mediaType: String? = nil, address: String = "") {
    self.mediaType = (mediaType ?? "").prefix { $0 != ";" }.filter { !$0.isWhitespace }.lowercased()
    let path = address.prefix { $0 != "?" && $0 != "#" }
    let name = path.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
    fileExtension = name.contains(".") ? name.split(separator: ".").last?.lowercased() ?? "" : ""
    isDownload = !address.isEmpty
  }
}
