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

  /// The kind of a media type (RFC 6838), without parameters.
  public init(mediaType: String) {
    switch mediaType {
    case "image/svg+xml": self = .vector
    case "application/json": self = .json
    case "application/zip", "application/gzip", "application/x-tar", "application/x-7z-compressed": self = .archive
    default:
      switch mediaType.prefix(while: { $0 != "/" }) {
      case "image": self = .image
      case "video": self = .video
      case "audio": self = .audio
      case "model": self = .model
      case "text": self = .text
      default: self = .other
      }
    }
  }
}
