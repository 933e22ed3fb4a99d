internal import Encoding
internal import Predictions

/// The columns of `imagewire list`: always id, status, age and prompt; further ones where the terminal is wide enough. Pure.
struct ListTable {
  /// A column of its own width. The prompt takes the rest of the line.
  enum Column: CaseIterable {
    case id, status, age, kind, cost, provider, model, file

    /// Its heading.
    var title: String {
      switch self {
      case .id: "ID"
      case .status: "STATUS"
      case .age: "AGE"
      case .kind: "KIND"
      case .cost: "COST"
      case .provider: "PROVIDER"
      case .model: "MODEL"
      case .file: "FILE"
      }
    }

    /// Its width in characters.
    var width: Int {
      switch self {
      case .id: 36
      case .status: 10
      case .age: 6
      case .kind, .cost: 8
      case .provider: 9
      case .model: 26
      case .file: 22
      }
    }

    /// Whether its text stands at the right end.
    var isNumber: Bool { self == .age || self == .cost }
  }

  /// The columns before the prompt.
  let columns: [Column]
  /// The width of the terminal; `nil` where lines are not cut.
  let width: Int?
  /// Milliseconds since 1970.
  let now: Int64
  let style: Style

  /// Those that are added, the most useful first.
  private static let further: [Column] = [.cost, .kind, .file, .model, .provider]
  private static let leastPrompt = 24
  /// In a narrow terminal ids are cut to their time, which commands take as well.
  private static let narrow = 76
  private static let shortID = 13
  private static let gap = 2

  /// - Parameter width: of the terminal; `nil` for a pipe, whose lines have the first four columns and are not cut.
  init(width: Int?, now: Int64, style: Style) {
    self.width = width
    self.now = now
    self.style = style
    var chosen: Set<Column> = [.id, .status, .age]
    if let width {
      var taken = chosen.reduce(Self.leastPrompt) { $0 + $1.width + Self.gap }
      for column in Self.further {
        taken += column.width + Self.gap
        if taken >= width { break }
        chosen.insert(column)
      }
    }
    columns = Column.allCases.filter(chosen.contains)
  }

  /// The table of a pipe, for messages.
  static func plain(_ session: Session) -> ListTable {
    ListTable(width: nil, now: session.time.now.wall, style: Style(isOn: false))
  }

  /// The room for the prompt.
  private var room: Int {
    guard let width else { return SafeText.limit }
    return max(8, width - 1 - columns.reduce(0) { $0 + self.width(of: $1) + Self.gap })
  }

  private func width(of column: Column) -> Int {
    column == .id && (width ?? .max) < Self.narrow ? Self.shortID : column.width
  }

  /// The line above the predictions.
  var heading: SafeText {
    let titles = columns.map { SafeText(padded($0.title, $0)) } + ["PROMPT"]
    return style.dim(.joined(titles, separator: "  "))
  }

  /// `01a2…  completed   2 min  a red fox in snow`
  func line(_ prediction: Prediction, prompt: String) -> SafeText {
    let cells = columns.map { column -> SafeText in
      let text = SafeText(padded(SafeText(cell(column, of: prediction), atMost: width(of: column)).description, column))
      return switch column {
      case .id, .age, .provider: style.dim(text)
      case .status: Self.coloured(prediction.status, text, style)
      default: text
      }
    }
    return .joined(cells + [SafeText(prompt, atMost: room)], separator: "  ")
  }

  /// The same, with the prompt from the database.
  func line(of prediction: Prediction, in session: Session) -> SafeText {
    line(prediction, prompt: (try? session.engine.snapshot(prediction.id))?.prediction.prompt ?? "")
  }

  private func padded(_ text: String, _ column: Column) -> String {
    let space = String(repeating: " ", count: max(0, width(of: column) - text.count))
    return column.isNumber ? space + text : text + space
  }

  private func cell(_ column: Column, of prediction: Prediction) -> String {
    switch column {
    case .id: String(prediction.id.description.prefix(width(of: column)))
    case .status: prediction.status.rawValue
    case .age: age(now - prediction.createdAt)
    case .kind: Self.kind(of: prediction)
    case .cost: Self.cost(of: prediction)
    case .provider: prediction.provider
    case .model: prediction.model
    case .file: Self.file(of: prediction)
    }
  }

  /// `image`, `4×image`, or `3 files` where they differ: the words of `Tests/Fixtures/link-escapes.json` for the clients.
  static func kind(of prediction: Prediction) -> String {
    let kinds = prediction.visibleFiles.map(\.kind)
    guard let first = kinds.first else { return "" }
    guard kinds.allSatisfy({ $0 == first }) else { return "\(kinds.count) files" }
    return kinds.count == 1 ? first.rawValue : "\(kinds.count)×\(first.rawValue)"
  }

  /// The name of the first file, without an id that the line has already.
  static func file(of prediction: Prediction) -> String {
    guard let name = prediction.visibleFiles.first?.name else { return "" }
    let id = prediction.id.description
    return name.hasPrefix(id) ? "…\(name.dropFirst(id.count))" : name
  }

  /// What it cost, `~` before a price that is not the bill; empty where that is not known or nothing was sent.
  static func cost(of prediction: Prediction) -> String {
    if prediction.isFree { return "free" }
    guard prediction.billing != .none, let cost = prediction.cost else { return "" }
    return (cost.source == .billed || cost.micros == 0 ? "" : "~") + Money.dollars(cost.micros)
  }

  static func coloured(_ status: PredictionStatus, _ text: SafeText, _ style: Style) -> SafeText {
    switch status {
    case .completed: style.green(text)
    case .failed: style.red(text)
    case .unknown: style.yellow(text)
    case .created, .processing: style.cyan(text)
    case .cancelled: style.dim(text)
    }
  }
}
