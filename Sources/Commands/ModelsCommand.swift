internal import JSON
internal import Predictions
internal import Service

/// `imagewire models`: the models of a provider, or one with the fields of its input.
enum ModelsCommand {
  static func run(_ invocation: Invocation, _ session: Session) -> ExitStatus {
    let console = session.console
    let catalogue = ModelCatalogue(engine: session.engine)
    let provider = invocation.value("--provider")
    do throws(PredictionEngine.CatalogueError) {
      if let id = invocation.value("--model") {
        let listed = try catalogue.find(id, of: provider)
        guard let model = listed.model else { throw .noModel(id, provider: listed.offer.provider) }
        show(model, of: listed.offer, invocation, console)
      } else {
        show(try catalogue.models(of: provider), invocation, console)
      }
      return .done
    } catch {
      return console.tell(UnusableRequest(error), isUsage: error.isUsage)
    }
  }

  private static func show(_ offer: PredictionEngine.Offer, _ invocation: Invocation, _ console: Console) {
    let filter = ModelFilter(
      search: invocation.operands.joined(separator: " "), kind: invocation.value("--kind").flatMap(ModelKind.init))
    if invocation.has("--json") { return console.print(json: offer.json(filter)) }
    let models = offer.models.filter(filter.selects)
    let table = ModelTable(
      models, usual: offer.usual, width: console.isOutputTerminal ? console.columns : nil,
      style: console.styles(onTerminal: console.isOutputTerminal))
    for line in table.lines where !console.isReaderGone { console.print(line) }
    guard console.isErrorTerminal else { return }
    if models.isEmpty { return console.note("No model of \(offer.provider) matches.") }
    let style = console.styles(onTerminal: true)
    let count = models.count == offer.models.count ? "" : "\(models.count) of "
    console.note(
      style.dim("\(count)\(counted(offer.models.count, "model")) of \(offer.provider); the default is \(offer.usual)."))
  }

  private static func show(
    _ model: Model, of offer: PredictionEngine.Offer, _ invocation: Invocation, _ console: Console
  ) {
    if invocation.has("--json") {
      var one = offer
      one.models = [model]
      return console.print(json: one.json(hasSchema: true))
    }
    let style = console.styles(onTerminal: console.isOutputTerminal)
    for (name, value) in rows(of: model, provider: offer.provider) {
      console.print("\(style.dim("\(name)\(String(repeating: " ", count: max(1, 13 - name.count)))"))\(value)")
    }
  }

  /// A name and a value for each line.
  static func rows(of model: Model, provider: String) -> [(String, SafeText)] {
    var rows: [(String, SafeText)] = [("id", SafeText(model.id)), ("provider", SafeText(provider))]
    if let name = model.name, name != model.id { rows.append(("name", SafeText(name))) }
    if let kind = model.kind { rows.append(("kind", "\(kind.rawValue)")) }
    if let price = model.priceMicros { rows.append(("price", SafeText(ModelTable.price(price, of: model)))) }
    if let editor = model.editModel { rows.append(("edit model", SafeText(editor))) }
    if let text = model.description { rows.append(("description", SafeText(text))) }
    let required = model.schema?["required"]?.array?.compactMap(\.string) ?? []
    for field in model.schema?["properties"]?.object?.members ?? [] {
      rows.append(("input", fieldLine(field.name, field.value, isRequired: required.contains(field.name))))
    }
    return rows
  }

  /// `size: string, one of "1024*1024", "1024*1536" (default "1024*1024")`
  private static func fieldLine(_ name: String, _ schema: JSONValue, isRequired: Bool) -> SafeText {
    let type = schema["type"]?.string ?? schema["type"]?.array?.compactMap(\.string).joined(separator: " or ") ?? "any"
    var text = "\(name): \(type)"
    if isRequired { text += ", required" }
    if let allowed = schema["enum"]?.array {
      text += ", one of \(allowed.prefix(12).map(\.text).joined(separator: ", "))\(allowed.count > 12 ? ", …" : "")"
    }
    let bounds = [("minimum", "from"), ("maximum", "to")].compactMap { key, word in
      schema[key]?.number.map { "\(word) \(JSONValue.number($0).text)" }
    }
    if !bounds.isEmpty { text += ", \(bounds.joined(separator: " "))" }
    if let value = schema["default"], !value.isNull { text += " (default \(value.text))" }
    return SafeText(text, atMost: 500)
  }
}
