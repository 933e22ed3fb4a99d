internal import Encoding
internal import Predictions

/// `imagewire open`: shows a file of a prediction with the program that the desktop has for it.
enum OpenCommand {
  static func run(_ invocation: Invocation, _ session: Session) -> ExitStatus {
    let console = session.console
    let file: OutputFile
    do throws(PredictionLookup.Failure) {
      let (snapshot, output) = try PredictionLookup(session: session).find(invocation.operands[0])
      file = try snapshot.prediction.savedFile(output)
    } catch {
      console.tell(error)
      return .failed
    }
    guard ImageSource.isFile(file.path) else {
      console.error("\(SafeText(path: file.path)) is not there any more: it was moved or deleted.")
      return .failed
    }
    if invocation.has("--print") {
      console.print(SafeText(path: file.path))
      return .done
    }
    guard mayOpen(file.mediaType) else {
      console.error("It is \(file.mediaType), which may contain scripts or programs, and is not opened. Its path:")
      console.print(SafeText(path: file.path))
      return .done
    }
    guard let problem = session.open(file.path) else { return .done }
    console.error("\(problem) The path of the file:")
    console.print(SafeText(path: file.path))
    return .failed
  }

  /// Whether a file of this media type is only shown. Everything that a browser or a desktop might run is left to the user: SVG,
  /// web pages, archives, files of an unknown format.
  static func mayOpen(_ mediaType: String) -> Bool {
    switch FileKind(mediaType: mediaType) {
    case .image, .video, .audio, .json: true
    case .text: ["text/plain", "text/markdown", "text/csv", "text/vtt", "text/srt"].contains(mediaType)
    case .model: mediaType.hasPrefix("model/gltf") || ["model/obj", "model/stl", "model/ply"].contains(mediaType)
    case .vector, .archive, .other: false
    }
  }
}
