internal import Predictions

/// Models as lines: id, kind, price and description. Pure.
struct ModelTable {
  private let models: [Model]
  private let usual: String
  /// The width of the terminal; `nil` where lines are not cut.
  private let width: Int?
  private let style: Style

  private static let kindWidth = 5
  private static let priceWidth = 8
  /// With less room there is no description.
  private static let leastDescription = 16

  init(_ models: [Model], usual: String, width: Int?, style: Style) {
    self.models = models
    self.usual = usual
    self.width = width
    self.style = style
  }

  /// A line for each model. Ids are never cut, because they are copied.
  var lines: [SafeText] {
    let ids = models.map { SafeText($0.id) }
    // A few long ids do not push away the descriptions of all.
    let idWidth = min(48, ids.map(\.description.count).max() ?? 0)
    return zip(models, ids).map { line($0, id: $1, idWidth: idWidth) }
  }

  private func line(_ model: Model, id: SafeText, idWidth: Int) -> SafeText {
    let idSpace = Self.spaces(idWidth - id.description.count)
    let kind = model.kind?.rawValue ?? ""
    let price = model.priceMicros.map { Self.price($0, of: model) } ?? ""
    let name = model.id == usual ? style.bold(id) : id
    let left: SafeText =
      "\(name)\(idSpace)  \(kind)\(Self.spaces(Self.kindWidth - kind.count))  \(Self.spaces(Self.priceWidth - price.count))\(price)"
    let taken = max(idWidth, id.description.count) + Self.kindWidth + max(Self.priceWidth, price.count) + 4
    let text = model.description ?? (model.name == model.id ? nil : model.name)
    guard let text, !text.isEmpty else { return kind.isEmpty && price.isEmpty ? name : left }
    guard let width else { return "\(left)  \(SafeText(text))" }
    let room = width - 1 - taken - 2
    guard room >= Self.leastDescription else { return left }
    return "\(left)  \(style.dim(SafeText(text, atMost: room)))"
  }

  /// `$0.05`, with a `+` where fields of the input may raise it.
  static func price(_ micros: Int64, of model: Model) -> String {
    if micros == 0, model.pricedInputs?.isEmpty != false { return "free" }
    return Money.dollars(micros) + (model.pricedInputs?.isEmpty == false ? "+" : "")
  }

  private static func spaces(_ count: Int) -> String { String(repeating: " ", count: max(0, count)) }
}
