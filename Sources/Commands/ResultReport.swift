internal import Encoding
internal import Predictions

/// The lines on stderr about a prediction after the wait for it. Pure.
struct ResultReport {
  /// A line, and how it is printed.
  enum Line: Equatable {
    case note(SafeText)
    case error(SafeText)
  }

  /// Whether stderr is a terminal.
  var isTerminal = false
  var isQuiet = false
  /// Says which setting is not used, in one sentence.
  var unused: String?
  var style = Style(isOn: false)

  /// Said of every drawing, so that none is mistaken for the image of a model.
  static let drawnOffline: SafeText = "Drawn offline by the sandbox. For real images: imagewire setup"

  func lines(_ prediction: Prediction) -> [Line] {
    switch prediction.status {
    case .completed where prediction.failure == nil:
      var lines: [Line] = isTerminal && !isQuiet ? [.note(summary(prediction))] : []
      // Also to a pipe and with --quiet.
      if prediction.isFree {
        lines.append(.note(Self.drawnOffline))
        if let unused { lines.append(.note(SafeText(unused))) }
      }
      return lines
    case .created, .processing:
      return [
        .error(
          "The time is up; the prediction goes on (\(prediction.status.rawValue)). imagewire result \(prediction.id) waits for it."
        )
      ]
    case .completed, .failed, .cancelled, .unknown:
      var lines: [Line] = [.error("\(style.red("\(prediction.status.rawValue)")): \(prediction.error)")]
      if let hint = prediction.failure?.hint { lines.append(.note(SafeText(hint))) }
      lines.append(.note(style.dim("\(prediction.id), billing: \(prediction.billing.rawValue)")))
      return lines
    }
  }

  /// `openai/gpt-image-2, 1024×1024, 1.5 MB, 12 s`, or for other files `acme/film, video, 12 MB, 60 s`
  private func summary(_ prediction: Prediction) -> SafeText {
    var parts = [SafeText(prediction.isFree ? prediction.provider : prediction.model)]
    let files = prediction.visibleFiles
    if files.count > 1 || files.first.map({ $0.kind != .image }) == true {
      parts.append("\(ListTable.kind(of: prediction))")
    }
    if files.count == 1, let width = files[0].width, let height = files[0].height { parts.append("\(width)×\(height)") }
    if !files.isEmpty { parts.append("\(ListCommand.size(files.reduce(0) { $0 &+ $1.bytes }))") }
    if let total = prediction.totalMilliseconds { parts.append("\(ProgressBar.seconds(total))") }
    return style.dim(.joined(parts, separator: ", "))
  }
}
