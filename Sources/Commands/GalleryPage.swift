internal import Encoding
internal import Predictions

/// The page of `imagewire gallery`: one HTML file that loads nothing from the network. Pure.
enum GalleryPage {
  /// A saved file on the page.
  struct Picture {
    /// The bytes that are shown.
    enum Source: Equatable {
      /// Included in the page: a thumbnail, or the file itself.
      case included(mediaType: String, [UInt8])
      /// A `file:` URL.
      case linked(String)
      /// The beginning of a text.
      case words(String)
    }

    let file: OutputFile
    let source: Source

    init(_ file: OutputFile, _ source: Source) {
      self.file = file
      self.source = source
    }
  }

  /// What stands at the head of the page.
  struct Totals: Equatable {
    var predictions = 0
    /// Millionths of a dollar; predictions without a known cost do not count.
    var costMicros: Int64 = 0

    init(_ predictions: [Prediction]) {
      self.predictions = predictions.count
      costMicros = predictions.reduce(0) { $0 &+ ($1.cost?.micros ?? 0) }
    }

    /// `60 predictions, $1.50`
    var words: HTML {
      let cost: HTML = costMicros > 0 ? ", \(Money.dollars(costMicros))" : ""
      return "\(counted(predictions, "prediction"))\(cost)"
    }
  }

  /// Nothing is fetched, and only the script of the page, which the hash names, may run.
  private static let policy: HTML = """
    default-src 'none'; img-src data: file:; media-src file:; style-src 'unsafe-inline'; base-uri 'none'; \
    script-src 'sha256-\(base64: SHA256.hash(Array(GalleryScript.text.text.utf8)))'
    """

  /// The first bytes of every page. A file that begins with them may be replaced by a newer page.
  static let mark: HTML = "<!doctype html>\n<!-- imagewire gallery -->\n"

  static func head(_ totals: Totals) -> HTML {
    """
    \(mark)\
    <html lang="en">
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width,initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta http-equiv="Content-Security-Policy" content="\(policy)">
    <title>imagewire gallery</title>
    <style>\(GalleryStyle.text)</style>
    \(icons)
    <header>
    <h1>imagewire</h1>
    <output id="count">\(totals.words)</output>
    <input id="text" type="search" placeholder="Filter by prompt, model or tag  ( / )" aria-label="Filter" autofocus>
    <select id="status" aria-label="Status"><option value="">every status</option>\
    \(HTML.joined(PredictionStatus.allCases.map { "<option>\($0.rawValue)</option>" }))</select>
    <select id="sort" aria-label="Order"><option value="newest">newest first</option>\
    <option value="oldest">oldest first</option><option value="cost">highest cost first</option></select>
    </header>
    <main id="entries">

    """
  }

  static func entry(_ prediction: Prediction, _ pictures: [Picture]) -> HTML {
    var facts: [HTML] = ["<dt>model<dd class=\"m\">\(prediction.model)", "<dt>provider<dd>\(prediction.provider)"]
    if let cost = prediction.cost, cost.source != .none {
      facts.append("<dt>cost<dd>\(Money.dollars(cost.micros)) (\(cost.source.rawValue))")
    }
    facts.append("<dt>billing<dd>\(prediction.billing.rawValue)")
    if let total = prediction.totalMilliseconds { facts.append("<dt>took<dd>\(ProgressBar.seconds(total))") }
    let time = Timestamp.text(prediction.createdAt)
    let spoken = time.prefix(16).split(separator: "T").joined(separator: " ")
    facts.append("<dt>made<dd><time datetime=\"\(time)\">\(spoken) UTC</time>")
    if !prediction.tags.isEmpty {
      facts.append("<dt>tags<dd>\(HTML.joined(prediction.tags.map { "<b>\($0)</b>" }, separator: " "))")
    }
    facts.append("<dt>id<dd><code>\(prediction.id)</code>")
    let files = pictures.map { output($0, of: prediction) }
    let shown: HTML =
      files.isEmpty
      ? "<div class=\"none\">\(prediction.status.rawValue)</div>"
      : "<div class=\"files \(columns(pictures))\">\(HTML.joined(files))</div>"
    let error: HTML = prediction.error.isEmpty ? "" : "<p class=\"error\">\(prediction.error)</p>"
    let prompt = prediction.prompt ?? ""
    let copy: HTML =
      prompt.isEmpty
      ? ""
      : """
      <button type="button" title="Copy the prompt" aria-label="Copy the prompt"><svg aria-hidden="true">\
      <use href="#icon-copy"/></svg></button>
      """
    return """
      <article tabindex="0" data-status="\(prediction.status.rawValue)" data-cost="\(prediction.cost?.micros ?? 0)">
      \(shown)
      <div class="top"><h2>\(prompt)</h2>\(copy)</div>\(error)
      <dl>\(HTML.joined(facts))</dl>
      </article>

      """
  }

  static let foot: HTML = """
    </main>
    <p id="nothing" hidden>Nothing matches.</p>
    <dialog id="large" aria-label="Picture"><img alt=""><p></p><a>Open the file</a></dialog>
    <footer>/ filter · arrows move · Enter enlarges · c copies the prompt · Esc closes</footer>
    <script>\(GalleryScript.text)</script>
    </html>

    """

  /// The class of a grid: in one to four columns, as its images fill them best.
  private static func columns(_ pictures: [Picture]) -> HTML {
    switch pictures.count(where: { [.image, .vector].contains($0.file.kind) }) {
    case 0, 1: "one"
    case 2, 4: "two"
    case 3, 5...9: "three"
    default: "four"
    }
  }

  /// An SVG as the source of an image runs no script.
  private static func output(_ picture: Picture, of prediction: Prediction) -> HTML {
    let file = picture.file
    let link: HTML = "\(SafeText(path: file.url))"
    let source: HTML =
      switch picture.source {
      case .included(let mediaType, let bytes): "data:\(mediaType);base64,\(base64: bytes)"
      case .linked(let url): "\(SafeText(path: url))"
      case .words: ""
      }
    let title = SafeText(path: file.name)
    switch file.kind {
    case .image, .vector:
      return "<a href=\"\(link)\"><img loading=\"lazy\" alt=\"Image \(file.index)\" src=\"\(source)\"></a>"
    case .video:
      return "<video controls preload=\"none\" poster=\"\(poster)\" title=\"\(title)\" src=\"\(link)\"></video>"
    case .audio: return "<audio controls preload=\"none\" title=\"\(title)\" src=\"\(link)\"></audio>"
    case .model, .archive, .text, .json, .other:
      let icon: HTML =
        switch file.kind {
        case .model: "model"
        case .archive: "archive"
        case .text, .json: "text"
        default: "other"
        }
      // The id is among the facts.
      let id = "\(prediction.id)-"
      let label = file.name.hasPrefix(id) ? SafeText(path: String(file.name.dropFirst(id.count))) : title
      let words: HTML =
        if case .words(let text) = picture.source { "<pre>\(SafeText(lines: text))</pre>" } else { "" }
      return """
        <a class="file" title="\(title)" href="\(link)"><svg aria-hidden="true"><use href="#icon-\(icon)"/></svg>\
        <span>\(label)</span><small>\(file.kind.rawValue), \(ListCommand.size(file.bytes))</small></a>\(words)
        """
    }
  }

  /// Stands for a video until it is played: without one Chromium shows that it is loading.
  private static let poster: HTML = """
    data:image/svg+xml,%3Csvg xmlns=%27http://www.w3.org/2000/svg%27 viewBox=%270 0 32 18%27%3E\
    %3Cpath d=%27M13.5 3l6 4-6 4z%27 fill=%27%23999%27/%3E%3C/svg%3E
    """

  /// The icons of files that have no picture, and of the button.
  private static let icons: HTML = """
    <svg hidden>
    <symbol id="icon-model" viewBox="0 0 24 24"><path d="M12 3l8 4.5v9L12 21l-8-4.5v-9zM4 7.5l8 4.5 8-4.5M12 12v9"/></symbol>
    <symbol id="icon-archive" viewBox="0 0 24 24"><path d="M4 8v11h16V8M3 4h18v4H3zM10 12h4"/></symbol>
    <symbol id="icon-text" viewBox="0 0 24 24"><path d="M6 3h8l4 4v14H6zM14 3v4h4M9 12h6M9 16h6"/></symbol>
    <symbol id="icon-other" viewBox="0 0 24 24"><path d="M6 3h8l4 4v14H6zM14 3v4h4"/></symbol>
    <symbol id="icon-copy" viewBox="0 0 24 24"><path d="M9 9h11v11H9zM5 15H4V4h11v1"/></symbol>
    <symbol id="icon-done" viewBox="0 0 24 24"><path d="M5 12.5l5 5L19 7"/></symbol>
    </svg>
    """
}
