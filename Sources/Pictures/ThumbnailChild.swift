internal import CPictures
internal import Encoding
public import Predictions
internal import Threads

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// The child process that decodes one image: standard input is the file, standard output takes the thumbnail.
///
/// The bytes come from others, and decoders have had faults that such bytes use. So the child has no key, no environment and
/// no other descriptor, little memory and time, and once the libraries are open the kernel ends it at any system call but
/// those that compute, read and write, and where libheif is among them start threads, as the decoder of HEIC does. Where the
/// kernel refuses such a filter (seccomp), all else holds, and `imagewire doctor` says so.
public enum ThumbnailChild {
  /// The hidden command by which the program starts itself again.
  public static let command = "thumbnail"

  /// Address space: 100 megapixels of four bytes, and the program with its libraries.
  private static let memory: UInt64 = 512 << 20
  /// Of processor time.
  private static let seconds: UInt32 = 10
  /// The longest file.
  private static let fileLimit = 256 << 20

  /// Makes the thumbnail and ends the process.
  public static func run(_ form: ThumbnailForm) -> Never {
    guard cpictures_limit(memory, seconds) else { _exit(PictureOutcome.done.rawValue) }
    var length = 0
    guard let start = cpictures_read(0, fileLimit, &length) else { _exit(PictureOutcome.damaged.rawValue) }
    let bytes = UnsafeMutableBufferPointer(start: start, count: length + 2)
    guard let format = PictureFormat(of: Array(bytes.prefix(min(length, 64)))) else {
      _exit(PictureOutcome.unsupported.rawValue)
    }
    let opened = open(Decoder.libraries(for: format))
    _ = cpictures_confine(opened.contains(.heif))
    switch Decoder(form: form, libraries: opened).thumbnail(of: bytes, format) {
    case .success(let thumbnail): _exit(writeAll(thumbnail, to: 1) == nil ? PictureOutcome.done.rawValue : 1)
    case .failure(let failure): _exit(failure.outcome.rawValue)
    }
  }

  /// Writes the names of the libraries that it finds, and `seccomp` where the kernel confines it; ends the process.
  public static func probe() -> Never {
    guard cpictures_limit(memory, seconds) else { _exit(1) }
    var words = open(Set(PictureLibrary.allCases)).map(\.rawValue)
    if cpictures_confine(false) { words.append("seccomp") }
    _exit(writeAll(words.joined(separator: " ").utf8, to: 1) == nil ? 0 : 1)
  }

  private static func open(_ libraries: Set<PictureLibrary>) -> Set<PictureLibrary> {
    let bits = libraries.reduce(0) { $0 | $1.bit }
    let opened = cpictures_open(bits)
    return libraries.filter { opened & $0.bit != 0 }
  }
}

extension PictureLibrary {
  fileprivate var bit: UInt32 {
    switch self {
    case .png: CPICTURES_PNG.rawValue
    case .jpeg: CPICTURES_JPEG.rawValue
    case .webp: CPICTURES_WEBP.rawValue
    case .heif: CPICTURES_HEIF.rawValue
    case .av1: CPICTURES_AV1.rawValue
    case .hevc: CPICTURES_HEVC.rawValue
    }
  }
}
