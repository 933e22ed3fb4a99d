internal import Encoding
public import JSON
internal import Predictions

/// The page of `imagewire schema --html`: the OpenRPC document for people, as one HTML file that loads nothing from the network.
/// Pure.
public struct ProtocolPage: Sendable {
  private let document: JSONValue

  /// - Parameter document: the OpenRPC document, with its `x-notifications`.
  public init(_ document: JSONValue) { self.document = document }

  /// The page.
  public var text: String { page.text }

  private var methods: [JSONValue] { document["methods"]?.array ?? [] }
  private var notifications: [JSONValue] { document["x-notifications"]?.array ?? [] }
  private var prediction: JSONValue { document["components"]?["schemas"]?["Prediction"] ?? [:] }
  private var errors: [JSONValue] { document["components"]?["errors"]?.object?.members.map(\.value) ?? [] }

  /// Nothing is fetched, and only the script of the page, which the hash names, may run.
  private static let policy: HTML = """
    default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
    script-src 'sha256-\(base64: SHA256.hash(Array(ProtocolScript.text.text.utf8)))'
    """

  private var page: HTML {
    let version = document["info"]?["version"]?.string ?? ""
    return """
      <!doctype html>
      <html lang="en">
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width,initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <meta http-equiv="Content-Security-Policy" content="\(Self.policy)">
      <title>imagewire protocol \(version)</title>
      <style>\(ProtocolStyle.text)</style>
      <header>
      <h1>imagewire <small>protocol \(version)</small></h1>
      <input id="text" type="search" placeholder="Search methods, parameters, errors  ( / )" aria-label="Search">
      </header>
      <div id="columns">
      <nav aria-label="Contents">
      <h2>Methods</h2>\(links(methods))
      <h2>Notifications from imagewire</h2>\(links(notifications))
      <h2>Also</h2><a href="#prediction">The prediction</a><a href="#errors">Errors</a>
      </nav>
      <main>
      <p class="about">\(document["info"]?["description"]?.string ?? "") A parameter that is null is not given. \
      <code>imagewire call submit prompt="a fox"</code> sends one request and prints what comes back.</p>
      <p id="nothing" hidden>Nothing matches.</p>
      \(HTML.joined(methods.map(method)))
      \(HTML.joined(notifications.map(notification)))
      <section id="prediction"><h2>The prediction</h2>
      <p>Methods that return a prediction return this object.</p>\(fields(prediction))</section>
      <section id="errors"><h2>Errors</h2>
      <p>Programs read <code>code</code> or <code>data.type</code>; <code>message</code> and <code>data.hint</code> are for people.</p>
      <table><thead><tr><th>code<th>data.type<th>data.retryable<th>when</thead><tbody>\
      \(HTML.joined(errors.map(error)))</tbody></table></section>
      </main>
      </div>
      <script>\(ProtocolScript.text)</script>
      </html>

      """
  }

  private func links(_ parts: [JSONValue]) -> HTML {
    HTML.joined(parts.map { "<a href=\"#\(name($0))\">\(name($0))</a>" })
  }

  private func name(_ part: JSONValue) -> String { part["name"]?.string ?? "" }

  // MARK: - Sections

  private func method(_ method: JSONValue) -> HTML {
    let params = method["params"]?.array ?? []
    let known: HTML =
      params.isEmpty
      ? "<p>No parameters.</p>"
      : """
      <h3>Parameters</h3><table><thead><tr><th>name<th>type<th>default<th></thead><tbody>\
      \(HTML.joined(params.flatMap(parameter)))</tbody></table>
      """
    let refusals = method["errors"]?.array?.compactMap { $0["$ref"]?.string?.split(separator: "/").last } ?? []
    let refused: HTML =
      refusals.isEmpty
      ? ""
      : """
      <p class="errors">Errors: \
      \(HTML.joined(refusals.map { "<a href=\"#error-\($0)\"><code>\($0)</code></a>" }, separator: ", "))</p>
      """
    return """
      <section id="\(name(method))"><h2>\(name(method))</h2>
      <p>\(method["summary"]?.string ?? "")</p>
      \(known)
      \(result(method["result"]?["schema"]))
      \(refused)
      \(example(method))
      </section>

      """
  }

  private func notification(_ part: JSONValue) -> HTML {
    let params = part["examples"]?.array?.first
    let message = params.map { ["jsonrpc": "2.0", "method": .string(name(part)), "params": $0] as JSONValue }
    return """
      <section id="\(name(part))"><h2>\(name(part)) <small>notification</small></h2>
      <p>\(part["summary"]?.string ?? "")</p>
      \(fields(part["params"] ?? [:]))
      \(message.map { code($0, title: "Example") } ?? "")
      </section>

      """
  }

  private func parameter(_ parameter: JSONValue) -> [HTML] {
    let schema = parameter["schema"] ?? [:]
    let own = name(parameter)
    let label: HTML = parameter["required"]?.bool == true ? "<b>\(own)</b> <small>required</small>" : "\(own)"
    let inner = schema["properties"]?.object?.members ?? []
    return [row(label, schema, isParameter: true)]
      + inner.map { row("\(own).\($0.name)", $0.value, isParameter: true) }
  }

  private func result(_ schema: JSONValue?) -> HTML {
    guard let schema else { return "<p>A notification: it has no id and no response.</p>" }
    if schema["$ref"] != nil { return "<h3>Result</h3><p><a href=\"#prediction\">A prediction</a>.</p>" }
    guard schema["properties"] != nil else {
      return "<h3>Result</h3><p><code>\(schema["type"]?.string == "null" ? "null" : "{}")</code></p>"
    }
    return "<h3>Result</h3>\(fields(schema))"
  }

  private func example(_ method: JSONValue) -> HTML {
    guard let example = method["examples"]?.array?.first else { return "" }
    let params = JSONObject(
      (example["params"]?.array ?? []).map { ($0["name"]?.string ?? "", $0["value"] ?? .null) })
    var request: [(String, JSONValue)] = [("jsonrpc", "2.0")]
    if method["result"] != nil { request.append(("id", 1)) }
    request.append(("method", .string(name(method))))
    if !params.members.isEmpty { request.append(("params", .object(params))) }
    let response = example["result"]?["value"].map { ["jsonrpc": "2.0", "id": 1, "result": $0] as JSONValue }
    return """
      \(code(.object(JSONObject(request)), title: "Request"))\
      \(response.map { code($0, title: "Response") } ?? "")
      """
  }

  private func error(_ error: JSONValue) -> HTML {
    let data = error["data"]
    let type = data?["type"]?.string ?? ""
    let again = data?["retryable"]?.bool.map { $0 ? "true" : "false" } ?? "varies"
    return """
      <tr id="error-\(type)"><td>\(error["code"]?.text ?? "")<td><code>\(type)</code><td>\(again)\
      <td>\(error["message"]?.string ?? "")
      """
  }

  // MARK: - Schemas

  private func fields(_ schema: JSONValue) -> HTML {
    """
    <table><thead><tr><th>field<th>type<th></thead><tbody>\
    \(HTML.joined(rows(schema["properties"]?.object, after: "")))</tbody></table>
    """
  }

  /// A row for each field of an object, and for each field of the objects in it.
  private func rows(_ properties: JSONObject?, after prefix: String) -> [HTML] {
    (properties?.members ?? []).flatMap { member in
      let isArray = types(member.value).contains("array")
      let inner = isArray ? member.value["items"] : member.value
      return [row("\(prefix)\(member.name)", member.value, isParameter: false)]
        + rows(inner?["properties"]?.object, after: "\(prefix)\(member.name)\(isArray ? "[]" : "").")
    }
  }

  /// A parameter has a default; that it may be null, which means "not given", is said once.
  private func row(_ label: HTML, _ schema: JSONValue, isParameter: Bool) -> HTML {
    let value: HTML = schema["default"].map { "<code>\($0.text)</code>" } ?? ""
    let usual: HTML = isParameter ? "<td class=\"d\">\(value)" : ""
    let orNull: HTML = !isParameter && types(schema).contains("null") ? " or null" : ""
    let range: HTML = bounds(schema).map { " <small>\($0)</small>" } ?? ""
    return """
      <tr><td class="n">\(label)<td>\(kind(schema))\(orNull)\(usual)<td>\(schema["description"]?.string ?? "")\(range)
      """
  }

  /// The range of a value, or of the length of a text or a list.
  private func bounds(_ schema: JSONValue) -> HTML? {
    for (least, most, unit) in [
      ("minimum", "maximum", ""), ("minLength", "maxLength", " bytes"), ("minItems", "maxItems", " elements"),
    ] {
      if let low = schema[least], let high = schema[most] { return "\(low.text) to \(high.text)\(unit)" }
    }
    return nil
  }

  private func types(_ schema: JSONValue) -> [String] {
    schema["type"]?.string.map { [$0] } ?? schema["type"]?.array?.compactMap(\.string) ?? []
  }

  private func kind(_ schema: JSONValue) -> HTML {
    if schema["$ref"] != nil { return "<a href=\"#prediction\">prediction</a>" }
    let words = (schema["const"].map { [$0] } ?? schema["enum"]?.array ?? []).filter { !$0.isNull }
    let types = types(schema)
    if !words.isEmpty { return .joined(words.map { "<code>\($0.string ?? $0.text)</code>" }, separator: " ") }
    if types.contains("array"), let items = schema["items"] { return "array of \(kind(items))" }
    let plain = types.filter { $0 != "null" }
    return plain.isEmpty ? "any" : "\(plain.joined(separator: " or "))"
  }

  private func code(_ value: JSONValue, title: HTML) -> HTML {
    """
    <figure><figcaption>\(title)<button type="button">Copy</button></figcaption>\
    <pre tabindex="0">\(SafeText(lines: value.indented))</pre></figure>
    """
  }
}
