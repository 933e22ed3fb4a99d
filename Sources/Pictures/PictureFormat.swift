internal import Encoding
internal import Predictions

/// A format of which thumbnails are made.
enum PictureFormat {
  case png
  case jpeg
  case webp
  case avif
  case heic

  /// The format of a file by its first bytes; `nil` for any other.
  init?(of bytes: [UInt8]) {
    switch FileFormat(head: bytes).mediaType {
    case "image/png": self = .png
    case "image/jpeg": self = .jpeg
    case "image/webp": self = .webp
    case "image/avif": self = .avif
    case "image/heic": self = .heic
    default: return nil
    }
  }

  /// The libraries that read it; each needs those before it.
  var readers: [PictureLibrary] {
    switch self {
    case .png: [.png]
    case .jpeg: [.jpeg]
    case .webp: [.webp]
    case .avif: [.heif, .av1]
    case .heic: [.heif, .hevc]
    }
  }
}
