public import Encoding

/// A small image of a saved file. It may be removed at any time; the next request makes it again.
public struct Thumbnail: Sendable, Equatable {
  /// Its path, absolute.
  public var path: String
  /// `image/jpeg`; for people `image/png` where it is transparent or no JPEG can be made.
  public var mediaType: String
  /// Its length in bytes.
  public var bytes: Int64
  /// In pixels.
  public var width: Int
  /// In pixels.
  public var height: Int

  /// Its path as a `file:` URL.
  public var url: String { Prediction.fileURL(path) }

  /// The lengths that the longest side may have, in pixels.
  public static let sizes = 64...2_048
  /// The greatest number of pixels of a file of which one is made.
  public static let pixelLimit = 100_000_000
  /// The greatest length of an image that an agent names, in bytes.
  public static let inputLimit: Int64 = 200_000_000
  /// The media types of the files of which one is made.
  public static let mediaTypes: Set = ["image/png", "image/jpeg", "image/webp", "image/avif", "image/heic"]

  /// The description of a thumbnail.
  public init(path: String, mediaType: String, bytes: Int64, width: Int, height: Int) {
    self.path = path
    self.mediaType = mediaType
    self.bytes = bytes
    self.width = width
    self.height = height
  }
}

/// How a thumbnail is made.
public struct ThumbnailForm: Sendable, Hashable {
  /// Who looks at it.
  public enum Viewer: String, Sendable, CaseIterable {
    /// A person, on any background: it stays transparent.
    case person
    /// A model, which sees no background and pays for each byte: a JPEG on white of few bytes.
    case model
  }

  /// The length of the longest side, one of `Thumbnail.sizes`; a smaller image is not made larger.
  public var size: Int
  /// Who looks at it.
  public var viewer: Viewer

  /// A thumbnail of this size.
  public init(size: Int, for viewer: Viewer = .person) {
    self.size = size
    self.viewer = viewer
  }

  /// The greatest length in bytes; a lower quality keeps it. `nil` for people. 100 KB for the usual 512 pixels.
  public var byteLimit: Int? {
    guard viewer == .model else { return nil }
    return max(100_000, 100_000 * size / 512 * size / 512)
  }
}

/// Makes thumbnails at their first request, and keeps them.
public protocol ThumbnailStore: Sendable {
  /// The thumbnail of a saved file.
  ///
  /// - Parameters:
  ///   - origin: the prediction's. For an agent's prediction, links in the path are not followed.
  ///   - completion: called on any thread.
  func thumbnail(
    of file: OutputFile, for origin: PredictionOrigin?, as form: ThumbnailForm,
    completion: @escaping @Sendable (Result<Thumbnail, ThumbnailError>) -> Void)

  /// The thumbnail of an image that an agent names, in the directories that it may read; see `InputStore.openForAgent`.
  ///
  /// - Parameters:
  ///   - path: absolute.
  ///   - completion: called on any thread.
  func thumbnail(
    ofInput path: String, as form: ThumbnailForm,
    completion: @escaping @Sendable (Result<Thumbnail, ThumbnailError>) -> Void)

  /// The bytes of a thumbnail; `nil` where it was removed meanwhile.
  func contents(of thumbnail: Thumbnail) -> [UInt8]?
}

/// Makes a thumbnail of bytes that come from others.
public protocol ThumbnailMaker: Sendable {
  /// A JPEG or a PNG. Nothing about it is certain: a decoder may have been taken over by the bytes that it read.
  ///
  /// - Parameters:
  ///   - descriptor: a regular file, open for reading.
  ///   - meanwhile: called once, while another process decodes.
  func make(from descriptor: Int32, as form: ThumbnailForm, meanwhile: () -> Void) throws(ThumbnailError) -> [UInt8]
}

/// Why a file has no thumbnail. None of these costs anything.
public enum ThumbnailError: Error, Sendable, Equatable {
  /// A video, a text or anything else that is not an image of pixels.
  case notAnImage(FileKind)
  /// An image in a format of which none is made; its media type.
  case unsupported(String)
  /// The library that decodes the format is not installed.
  case noDecoder(PictureLibrary)
  /// The file is cut or damaged.
  case damaged
  /// It has more pixels than `Thumbnail.pixelLimit`, or needs more memory than is allowed.
  case tooLarge
  /// The file was deleted, moved or changed since it was saved.
  case missing(path: String)
  /// An image that an agent names cannot be read.
  case input(path: String, InputError)
  /// The process that decodes could not be started or was ended; the reason, as the end of a sentence.
  case failed(reason: String)
  /// The thumbnail could not be stored.
  case storage(path: String, reason: String)

  /// One sentence for people.
  public var message: String {
    switch self {
    case .notAnImage(let kind):
      let article = ["image", "audio", "archive", "other"].contains(kind.rawValue) ? "an" : "a"
      let name =
        switch kind {
        case .json, .text: "text"
        case .other: "unknown"
        default: kind.rawValue
        }
      return
        "The file is \(kind == .json || kind == .text ? "a" : article) \(name) file, and only images have thumbnails."
    case .unsupported(let mediaType):
      return
        "There are no thumbnails of \(mediaType); there are of PNG, JPEG, WebP, AVIF and HEIC images that do not move."
    case .noDecoder(let library): return "The library that reads \(library.title) images is missing."
    case .damaged: return "The file is cut or damaged."
    case .tooLarge:
      return "The image has more than \(Thumbnail.pixelLimit / 1_000_000) megapixels, or needs too much memory."
    case .missing(let path): return "\(path) is not there any more, or it was changed since it was saved."
    case .input(let path, let error): return "\(path) \(error.reason)."
    case .failed(let reason): return "The image could not be decoded: \(reason)."
    case .storage(let path, let reason): return "Writing \(path) failed: \(reason)."
    }
  }

  /// What to do next; `nil` where nothing helps.
  public var hint: String? {
    switch self {
    case .notAnImage, .unsupported, .tooLarge, .failed: "Show the file itself."
    case .noDecoder(let library): "Install it (Debian and Ubuntu: \(library.package)), or show the file itself."
    case .damaged: "Its bytes are those that were saved."
    case .missing, .input: nil
    case .storage: "Free some space, or check the permissions of the state directory."
    }
  }

  /// Whether the same request may succeed later without anybody's help.
  public var isRetryable: Bool {
    switch self {
    case .failed, .storage: true
    case .notAnImage, .unsupported, .noDecoder, .damaged, .tooLarge, .missing, .input: false
    }
  }
}

/// A library of the system that reads or writes images.
public enum PictureLibrary: String, Sendable, CaseIterable {
  /// libpng.
  case png
  /// libjpeg-turbo, with the interface of TurboJPEG.
  case jpeg
  /// libwebp.
  case webp
  /// libheif, which reads the containers of AVIF and HEIC.
  case heif
  /// A decoder of libheif: that of AVIF.
  case av1
  /// A decoder of libheif: that of HEIC.
  case hevc

  /// Whether it reads formats that few models return.
  public var isOptional: Bool { [.heif, .av1, .hevc].contains(self) }

  /// The name of its format.
  public var title: String {
    switch self {
    case .png: "PNG"
    case .jpeg: "JPEG"
    case .webp: "WebP"
    case .heif: "AVIF and HEIC"
    case .av1: "AVIF"
    case .hevc: "HEIC"
    }
  }

  /// Its package in Debian and Ubuntu. Older releases have the decoders of libheif in libheif1.
  public var package: String {
    switch self {
    case .png: "libpng16-16"
    case .jpeg: "libturbojpeg0"
    case .webp: "libwebp7"
    case .heif: "libheif1"
    case .av1: "libheif-plugin-dav1d"
    case .hevc: "libheif-plugin-libde265"
    }
  }
}
