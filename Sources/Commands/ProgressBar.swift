internal import Predictions

/// The progress line of a prediction. Pure.
struct ProgressBar: Sendable {
  /// The median duration of earlier predictions of the model, in milliseconds; `nil` where there are none. For predictions of
  /// which nothing else is expected: those of providers that are not asked, and of other processes.
  var estimate: Int64?
  var style = Style(isOn: false)
  /// Whether block characters can be shown.
  var isUnicode = true

  private static let cells = 24
  private static let spinner: [String] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"]

  /// - Parameters:
  ///   - elapsed: milliseconds since it was accepted.
  ///   - width: columns of the terminal; the line is never wider.
  ///   - waiting: why and until when its account pauses, in a few words; `nil` where it does not pause.
  ///   - expectation: what is expected of it; `nil` where that is not known.
  func line(
    _ status: PredictionStatus, elapsed: Int64, waiting: String? = nil, expectation: Expectation? = nil, width: Int
  ) -> SafeText {
    let frame = Int(elapsed / 100)
    let wheel = isUnicode ? Self.spinner[frame % Self.spinner.count] : ["|", "/", "-", "\\"][frame % 4]
    let word = status == .created ? waiting ?? "waiting its turn" : status.rawValue
    var parts = ["\(wheel) \(word)", Self.seconds(elapsed)]
    var bar = ""
    if let expectation, status == .processing {
      parts.append(expectation.remaining.map { "about \(Self.seconds($0)) left" } ?? "longer than usual")
      bar = cells(expectation.share)
    } else if let estimate, estimate >= 1_000, status != .created {
      let share = Double(elapsed) / Double(estimate)
      if share < 1 {
        parts.append("usually \(Self.seconds(estimate))")
      } else {
        parts.append("longer than the usual \(Self.seconds(estimate))")
      }
      bar = cells(share)
    }
    let text = parts.joined(separator: isUnicode ? " · " : ", ")
    let whole = bar.isEmpty || text.count + bar.count + 1 > width - 1 ? text : "\(text) \(bar)"
    guard whole.count <= width - 1 else { return "\(whole.prefix(max(0, width - 1)))" }
    return bar.isEmpty || whole == text ? "\(whole)" : "\(text) \(style.cyan("\(bar)"))"
  }

  /// An estimate never fills the bar: a full bar would mean that it is finished.
  private func cells(_ share: Double) -> String {
    let filled = Int((min(share, 0.97) * Double(Self.cells)).rounded(.down))
    return String(repeating: isUnicode ? "█" : "#", count: filled)
      + String(repeating: isUnicode ? "░" : "-", count: Self.cells - filled)
  }

  /// `0.4 s`, `12 s`, `3 min 5 s`
  static func seconds(_ milliseconds: Int64) -> String {
    let seconds = milliseconds / 1_000
    if seconds < 10 { return "\(seconds).\(milliseconds / 100 % 10) s" }
    if seconds < 120 { return "\(seconds) s" }
    return seconds < 7_200 ? "\(seconds / 60) min \(seconds % 60) s" : "\(seconds / 3_600) h \(seconds / 60 % 60) min"
  }

  /// The median time from sending to the end, in milliseconds; `nil` where none is completed.
  static func estimate(from predictions: [Prediction]) -> Int64? {
    let times = predictions.filter { $0.status == .completed }.compactMap(\.workMilliseconds).sorted()
    return times.isEmpty ? nil : times[times.count / 2]
  }
}
