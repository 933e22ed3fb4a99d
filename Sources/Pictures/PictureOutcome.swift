internal import Encoding
internal import Predictions

/// How the child ends: its exit status, by which it tells its parent more than that it failed. No text of it is trusted.
enum PictureOutcome: Int32 {
  case done = 0
  case damaged = 10
  case tooLarge = 11
  /// A format that no decoder is for, or an animation.
  case unsupported = 12
  case noPNG = 20
  case noJPEG = 21
  case noWebP = 22
  case noHEIF = 23
  case noAV1 = 24
  case noHEVC = 25

  /// The outcome where a library is missing.
  init(lacking library: PictureLibrary) {
    switch library {
    case .png: self = .noPNG
    case .jpeg: self = .noJPEG
    case .webp: self = .noWebP
    case .heif: self = .noHEIF
    case .av1: self = .noAV1
    case .hevc: self = .noHEVC
    }
  }

  /// The error that it stands for.
  func error(_ mediaType: String) -> ThumbnailError? {
    switch self {
    case .done: nil
    case .damaged: .damaged
    case .tooLarge: .tooLarge
    case .unsupported: .unsupported(mediaType)
    case .noPNG: .noDecoder(.png)
    case .noJPEG: .noDecoder(.jpeg)
    case .noWebP: .noDecoder(.webp)
    case .noHEIF: .noDecoder(.heif)
    case .noAV1: .noDecoder(.av1)
    case .noHEVC: .noDecoder(.hevc)
    }
  }
}
