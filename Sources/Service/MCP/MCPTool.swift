internal import JSON
internal import JSONRPC

/// A tool as hosts list it. The schemas are for the model; `MethodParameters` checks the arguments.
///
/// No tool has an `outputSchema`: a result with an image must not have `structuredContent`, because several hosts then show
/// the model nothing else.
struct MCPTool: Sendable {
  let name: String
  let title: String
  /// The description for the model, at most 350 characters: hosts give all of them to the model, or search them by words.
  let description: String
  /// More words by which Claude Code's search finds the tool. No host shows them to the model. Empty: none.
  let searchHint: String
  /// Its arguments.
  let parameters: [ParameterDescription]
  /// Arguments that it takes and does not list: those of earlier versions.
  let hidden: [ParameterDescription]
  let hints: Hints
  /// Whether it can be called as a task.
  let isTaskCapable: Bool
  let body: @Sendable (MCPToolCall) throws(RPCError) -> Void

  init(
    name: String, title: String, description: String = "", searchHint: String = "",
    parameters: [any DescribedParameter], hidden: [any DescribedParameter] = [], hints: Hints = Hints(),
    isTaskCapable: Bool = false,
    body: @escaping @Sendable (MCPToolCall) throws(RPCError) -> Void
  ) {
    self.name = name
    self.title = title
    self.description = description
    self.searchHint = searchHint
    self.parameters = parameters.map { Self.nullable($0.description) }
    self.hidden = hidden.map(\.description)
    self.hints = hints
    self.isTaskCapable = isTaskCapable
    self.body = body
  }

  /// An optional argument, marked so for hosts that otherwise have a model give every argument (smolagents).
  private static func nullable(_ parameter: ParameterDescription) -> ParameterDescription {
    guard !parameter.isRequired else { return parameter }
    return ParameterDescription(parameter.name, isRequired: false) { parameter.schema().nullable }
  }

  /// Hints by which a host decides whether to ask the user.
  struct Hints: Sendable {
    var readOnly = false
    var destructive = false
    var idempotent = false
    var openWorld = true
  }

  /// Whether it sends requests that cost money.
  var mayCost: Bool { !hints.readOnly && parameters.contains { $0.name == "prompt" } }

  /// All listed tools, in the order of the list.
  static let all: [MCPTool] = [generate, edit, view, get, cancel, list, models, estimate]

  /// A listed tool, or one of an earlier version.
  ///
  /// - Parameter isForViews: whether one that only pages call is found too.
  static func named(_ name: String, forViews isForViews: Bool = false) -> MCPTool? {
    (all + earlier).first { $0.name == name } ?? (isForViews ? forViews.first { $0.name == name } : nil)
  }

  /// Writes the tool with the fields that the revision has.
  ///
  /// - Parameters:
  ///   - takesFiles: whether images may be files of this machine.
  ///   - withApps: whether the client shows pages.
  func write(
    to json: inout JSONWriter, for revision: MCPRevision, takesFiles: Bool = false, withApps: Bool = false
  ) {
    let parameters = listed(takesFiles: takesFiles)
    json.beginObject()
    json.name("name")
    json.value(name)
    if revision.hasTitles {
      json.name("title")
      json.value(title)
    }
    json.name("description")
    json.value(description)
    json.name("inputSchema")
    json.value(
      Schema.object(
        parameters.map { ($0.name, $0.schema()) }, optional: Set(parameters.filter { !$0.isRequired }.map(\.name)),
        others: false
      ).json(.inline))
    if revision.hasAnnotations {
      json.name("annotations")
      hints.write(to: &json)
    }
    if revision.hasIcons {
      json.name("icons")
      json.raw(MCPIcon.json)
    }
    if revision.hasCoreTasks, isTaskCapable {
      json.name("execution")
      json.raw(#"{"taskSupport":"optional"}"#)
    }
    writeMeta(to: &json, for: revision, withApps: withApps)
    json.endObject()
  }

  private func writeMeta(to json: inout JSONWriter, for revision: MCPRevision, withApps: Bool) {
    let hasHint = revision.hasToolMeta && !searchHint.isEmpty
    let hasPage = withApps && MCPApps.haveMeta(of: self)
    guard hasHint || hasPage else { return }
    json.name("_meta")
    json.beginObject()
    if hasHint {
      json.name(escaping: MCPName.searchHint)
      json.value(searchHint)
    }
    if hasPage { MCPApps.writeMeta(of: self, to: &json) }
    json.endObject()
  }

  /// `tools/list`: all tools in one page.
  @Sendable static func list(_ service: Service, _ call: MCPCall) throws(RPCError) {
    try call.refuseCursor()
    // A list with pages is not for clients that show none.
    call.result(lasts: Service.staticLifetime, isPrivate: call.showsApps) { json in
      json.name("tools")
      json.beginArray()
      let takesFiles = service.takesFiles
      for tool in all + (call.showsApps ? forViews : []) {
        tool.write(to: &json, for: call.revision, takesFiles: takesFiles, withApps: call.showsApps)
      }
      json.endArray()
    }
  }
}

extension MCPTool.Hints {
  fileprivate func write(to json: inout JSONWriter) {
    json.beginObject()
    json.name("readOnlyHint")
    json.value(readOnly)
    // These two have no meaning for a tool that changes nothing.
    if !readOnly {
      json.name("destructiveHint")
      json.value(destructive)
      json.name("idempotentHint")
      json.value(idempotent)
    }
    json.name("openWorldHint")
    json.value(openWorld)
    json.endObject()
  }
}

extension MCPCall {
  /// Refuses a cursor: the list has one page.
  func refuseCursor() throws(RPCError) {
    if let cursor = params["cursor"], !cursor.isNull {
      throw .invalidParams("cursor", "it is not a cursor of this list", hint: "The list is one page; leave it out.")
    }
  }
}
