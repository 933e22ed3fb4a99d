internal import Encoding
internal import JSON
internal import JSONRPC
internal import Predictions
internal import Threads

/// Saved files as resources: `imagewire://predictions/{id}/{n}`, where n is `OutputFile.index`: a file
/// that is saved later changes no address.
///
/// The list has none of them on purpose: it must not depend on earlier requests, and results link to their files.
enum MCPResource {
  private static let prefix = "imagewire://predictions/"
  static let template = "imagewire://predictions/{id}/{n}"
  /// In base64 this is below the 10 MiB at which the TypeScript SDK closes the connection.
  static let readLimit: Int64 = 7 << 20

  static func uri(_ id: PredictionID, _ number: Int) -> String { "\(prefix)\(id)/\(number)" }

  /// The prediction and the index of a file; `nil` for any other URI.
  static func parse(_ uri: String) -> (id: PredictionID, number: Int)? {
    guard uri.hasPrefix(prefix) else { return nil }
    let parts = uri.dropFirst(prefix.count).split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let id = PredictionID(String(parts[0])), let number = Int(parts[1]), number >= 1,
      String(number) == parts[1]
    else { return nil }
    return (id, number)
  }

  /// `resources/list`.
  @Sendable static func list(_ service: Service, _ call: MCPCall) throws(RPCError) {
    try call.refuseCursor()
    call.result(lasts: Service.staticLifetime, isPrivate: call.showsApps) { json in
      json.name("resources")
      json.beginArray()
      if call.showsApps { MCPApps.writeResources(to: &json, for: call.revision) }
      json.endArray()
    }
  }

  /// `resources/templates/list`.
  @Sendable static func templates(_ service: Service, _ call: MCPCall) throws(RPCError) {
    try call.refuseCursor()
    call.result(lasts: Service.staticLifetime) { json in
      json.name("resourceTemplates")
      json.beginArray()
      json.beginObject()
      json.name("uriTemplate")
      json.value(template)
      json.name("name")
      json.value("file")
      if call.revision.hasTitles {
        json.name("title")
        json.value("File of a prediction")
      }
      json.name("description")
      json.value("The file of the n-th output of a prediction, n from 1, up to \(readLimit) bytes.")
      json.endObject()
      json.endArray()
    }
  }

  /// `resources/read`.
  @Sendable static func read(_ service: Service, _ call: MCPCall) throws(RPCError) {
    guard let uri = call.params["uri"]?.string else { throw .invalidParams("uri", "uri is missing") }
    if call.showsApps, let view = MCPApps.View.allCases.first(where: { $0.uri == uri }) {
      return MCPApps.answer(call, with: view)
    }
    let agent = try call.agent()
    let file: OutputFile
    do throws(StoreError) {
      guard let (id, number) = parse(uri), let found = try agent.snapshot(id).prediction.visibleFile(number),
        service.folders.contains(found.path)
      else { throw .notFound }
      file = found
    } catch {
      guard case .notFound = error else { throw .storage(error) }
      throw .noResource(uri, code: call.revision.resourceNotFoundCode)
    }
    guard file.bytes <= readLimit else { throw .tooLarge(file, limit: readLimit) }
    service.pictures.async {
      let room = Int64(call.reply.waitForRoom() / 4 * 3)
      guard file.bytes <= room else { return call.error(.tooLarge(file, limit: room)) }
      guard let contents = agent.engine.contents(of: file, for: .mcp) else {
        return call.error(.noResource(uri, code: call.revision.resourceNotFoundCode))
      }
      // A text that is valid is sent as one; a model cannot read base64.
      let text = file.kind.isText ? String(validating: contents, as: UTF8.self) : nil
      call.result(lasts: Service.staticLifetime, isPrivate: true) { json in
        json.name("contents")
        json.beginArray()
        json.beginObject()
        json.name("uri")
        json.value(uri)
        json.name("mimeType")
        json.value(file.mediaType)
        json.name(text == nil ? "blob" : "text")
        json.value(text ?? Base64.encode(contents))
        json.endObject()
        json.endArray()
      }
    }
  }
}

extension RPCError {
  fileprivate static func tooLarge(_ file: OutputFile, limit: Int64) -> RPCError {
    .invalidParams(
      "uri", "the file has \(file.bytes) bytes; \(limit) can be read this way", hint: "It is \(file.path).",
      limit: Int(limit))
  }

  fileprivate static func noResource(_ uri: String, code: Int) -> RPCError {
    RPCError(code: code, message: "Resource not found") { data in
      data.beginObject()
      data.name("uri")
      data.value(String(uri.prefix(1_024)))
      data.endObject()
    }
  }
}
