internal import JSON
internal import Predictions
internal import Service

/// `imagewire list`: a line for each prediction. On a pipe the lines have no colours and are not cut.
enum ListCommand {
  static func run(_ invocation: Invocation, _ session: Session) -> ExitStatus {
    let console = session.console
    var query = ListQuery(limit: invocation.number("--limit") ?? 20)
    query.status = invocation.value("--status").flatMap(PredictionStatus.init)
    query.provider = invocation.value("--provider")
    query.model = invocation.value("--model")
    query.tag = invocation.value("--tag")
    query.text = invocation.value("--text")
    let page: (predictions: [Prediction], cursor: String?)
    do throws(StoreError) {
      page = try read(query) { query throws(StoreError) in try session.engine.list(query) }
    } catch {
      console.error("\(error.message)")
      return .failed
    }
    if invocation.has("--json") {
      console.print(json: json(page.predictions, next: page.cursor, session.engine))
      return .done
    }
    guard !page.predictions.isEmpty else {
      if console.isErrorTerminal { console.note("No predictions.") }
      return .done
    }
    let style = console.styles(onTerminal: console.isOutputTerminal)
    let width = console.isOutputTerminal ? console.columns : .max
    for prediction in page.predictions {
      let prompt = (try? session.engine.snapshot(prediction.id))?.prediction.prompt ?? ""
      console.print(line(prediction, prompt: prompt, now: session.time.now.wall, width: width, style: style))
    }
    if page.cursor != nil, console.isErrorTerminal {
      console.note(style.dim("There are more: use -n \(min(500, query.limit * 2))."))
    }
    return .done
  }

  /// Reads pages until there are as many predictions as requested: a page of the store may be short.
  static func read(
    _ query: ListQuery, page: (ListQuery) throws(StoreError) -> ListPage
  ) throws(StoreError) -> (predictions: [Prediction], cursor: String?) {
    var query = query
    var found: [Prediction] = []
    let wanted = query.limit
    repeat {
      query.limit = min(500, wanted - found.count)
      let page = try page(query)
      found += page.predictions
      query.cursor = page.nextCursor
    } while query.cursor != nil && found.count < wanted
    return (found, query.cursor)
  }

  private static func json(_ predictions: [Prediction], next: String?, _ engine: PredictionEngine) -> [UInt8] {
    var json = JSONWriter()
    json.beginObject()
    json.name("predictions")
    json.beginArray()
    for prediction in predictions {
      json.raw(engine.snapshot(of: prediction).listedJSON)
    }
    json.endArray()
    json.name("next_cursor")
    if let next { json.value(next) } else { json.null() }
    json.endObject()
    return json.bytes
  }

  /// `0198…  completed   2 min  a red fox in snow`
  static func line(_ prediction: Prediction, prompt: String, now: Int64, width: Int, style: Style) -> SafeText {
    let word = prediction.status.rawValue
    let padded = word + String(repeating: " ", count: max(0, 10 - word.count))
    let age = Self.age(now - prediction.createdAt)
    let left = "\(prediction.id)  "
    let middle = "  \(String(repeating: " ", count: max(0, 6 - age.count)))\(age)  "
    let room = width == .max ? SafeText.limit : max(8, width - left.count - padded.count - middle.count - 1)
    let status = coloured(prediction.status, "\(padded)", style)
    return "\(style.dim("\(left)"))\(status)\(style.dim("\(middle)"))\(SafeText(prompt, atMost: room))"
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

  static func age(_ milliseconds: Int64) -> String {
    let seconds = max(0, milliseconds) / 1_000
    switch seconds {
    case ..<60: return "\(seconds) s"
    case ..<3_600: return "\(seconds / 60) min"
    case ..<172_800: return "\(seconds / 3_600) h"
    default: return "\(seconds / 86_400) d"
    }
  }

  static func size(_ bytes: Int64) -> String {
    if bytes < 1_000 { return counted(bytes, "byte") }
    if bytes < 1_000_000 { return "\(bytes / 1_000) kB" }
    return "\(bytes / 1_000_000).\(bytes / 100_000 % 10) MB"
  }

}

extension Prediction {
  /// The prompt, where the input is loaded.
  var prompt: String? {
    input.flatMap { try? JSONValue(parsing: $0) }?["prompt"]?.string
  }
}
