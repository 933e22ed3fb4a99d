/// What a file is for: how clients show it.
public enum FileKind: String, Sendable, CaseIterable {
  /// Pixels: PNG, JPEG, WebP and others.
  case image
  /// SVG. It may contain scripts: show it only where those do not run.
  case vector
  /// Moving pictures.
  case video
  /// Sound.
  case audio
  /// A shape in space: GLB, OBJ, STL and others.
  case model
  /// Files in a file.
  case archive
  /// Text for people, also HTML.
  case text
  /// JSON.
  case json
  /// Anything else.
  case other

  /// The kind of a media type (RFC 6838), without parameters. Every file of every reply asks for it.
  public init(mediaType: String) {
    if mediaType.hasPrefix("image/") {
      self = mediaType == "image/svg+xml" ? .vector : .image
    } else if mediaType.hasPrefix("application/") {
      switch mediaType {
      case "application/json": self = .json
      case "application/zip", "application/gzip", "application/x-tar", "application/x-7z-compressed": self = .archive
      default: self = .other
      }
    } else {
      self = Self.families.first { mediaType.hasPrefix($0.prefix) }?.kind ?? .other
    }
  }

  private static let families: [(prefix: String, kind: FileKind)] = [
    ("video/", .video), ("audio/", .audio), ("model/", .model), ("text/", .text),
  ]
}
