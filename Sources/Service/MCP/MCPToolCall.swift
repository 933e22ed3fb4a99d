internal import JSON
internal import JSONRPC
internal import Predictions

/// A `tools/call` with its arguments.
struct MCPToolCall: Sendable {
  /// The form of the reply.
  enum Way: Sendable {
    /// The result, after waiting for it.
    case result
    /// A task of the protocol itself (2025-11-25).
    case coreTask
    /// A task of the extension.
    case extensionTask
  }

  let call: MCPCall
  let way: Way
  /// Whether the tool sends requests that cost money.
  let mayCost: Bool
  let arguments: MethodParameters

  var service: Service { call.service }

  /// `tools/call`.
  @Sendable static func handle(_ service: Service, _ call: MCPCall) throws(RPCError) {
    guard let name = call.params["name"]?.string else { throw .invalidParams("name", "name is missing") }
    guard let tool = MCPTool.named(name, forViews: call.showsApps) else {
      let names = MCPTool.all.map(\.name).joined(separator: ", ")
      throw .invalidParams("name", "there is no tool \"\(name.prefix(64))\"", hint: "There are \(names).")
    }
    var way = Way.result
    if call.revision.hasCoreTasks, call.params["task"]?.object != nil {
      guard tool.isTaskCapable else { throw .methodNotFound }
      way = .coreTask
    } else if call.context.capabilities.hasTasksExtension, tool.isTaskCapable {
      way = .extensionTask
    }
    let given = call.params["arguments"] ?? .null
    guard given.isNull || given.object != nil else {
      throw .invalidParams("arguments", "arguments must be an object, not \(given.kind)")
    }
    call.hearAnswer()
    if call.endsWithRequestForRoots() { return }
    call.afterAdoptions { [way] isAtEnd in
      do throws(RPCError) {
        if isAtEnd { throw .inputEnded }
        let arguments = try MethodParameters(
          given.withoutEmpties, of: tool.parameters, hidden: tool.hidden, strict: true)
        try tool.body(MCPToolCall(call: call, way: way, mayCost: tool.mayCost, arguments: arguments))
      } catch {
        refuse(call, error, way: way, mayCost: tool.mayCost)
      }
    }
  }

  /// Reports an error to the model, where other arguments may help, otherwise to the client.
  ///
  /// - Parameter mayCost: whether the model wants to know that nothing was spent.
  private static func refuse(_ call: MCPCall, _ error: RPCError, way: Way = .result, mayCost: Bool) {
    // A client that asked for a task expects a task or an error, and there is no task.
    if way == .coreTask { return call.error(error) }
    if error.code == ErrorKind.invalidParams.code, !call.revision.tellsModelOfBadArguments { return call.error(error) }
    let result = MCPToolResult(text: error.sentence(mayCost: mayCost), isError: true)
    call.result { result.write(to: &$0, for: call.revision) }
  }

  func refuse(_ error: RPCError) { Self.refuse(call, error, way: way, mayCost: mayCost) }

  /// Answers with a prediction.
  ///
  /// - Parameters:
  ///   - view: whether to show its images, and the length of their longest side.
  ///   - file: the only file that it tells of; `nil` for all.
  ///   - isEarlier: whether in the form of the first version.
  ///   - label: what the answer begins with.
  func answer(
    _ snapshot: PredictionSnapshot?, view: Bool = false, size: Int = MCPFileContents.copySize,
    file: Int? = nil, isToBringIt: Bool = true, isEarlier: Bool = false,
    label: SafeText? = nil
  ) {
    guard let snapshot else {
      // It may have been sent.
      return Self.refuse(call, .notFound("of that id any more"), way: way, mayCost: false)
    }
    call.withRoom(for: snapshot, isInline: view, size: size) { [call] room in
      let result =
        isEarlier
        ? call.service.toolResult(snapshot, room: room, isToBringIt: isToBringIt)
        : call.service.brief(snapshot, room: room, file: file, isToBringIt: isToBringIt, label: label)
      call.result { result.write(to: &$0, for: call.revision) }
    }
  }

  /// Answers with an object that a text and the structured content hold alike: both begin with the label.
  func answer(_ object: JSONWriter, label: SafeText? = nil) {
    var result = MCPToolResult(text: SafeText(json: object.bytes), structured: object.bytes)
    if let label {
      result.text = "\(label)\n\(result.text)"
      var about = JSONWriter()
      about.beginObject()
      about.name("about")
      about.value(label.description)
      result.structured = about.bytes + [UInt8(ascii: ",")] + object.bytes.dropFirst()
    }
    call.result { result.write(to: &$0, for: call.revision) }
  }
}

extension JSONValue {
  /// Arguments without empty strings and lists: what models give that must give every argument. An empty prompt stays.
  fileprivate var withoutEmpties: JSONValue {
    guard let object else { return self }
    return .object(
      JSONObject(
        object.members.filter { $0.name == "prompt" || !($0.value.string?.isEmpty ?? $0.value.array?.isEmpty ?? false) }
          .map { ($0.name, $0.value) }))
  }
}

extension RPCError {
  /// The error and its hint for a model.
  var sentence: SafeText { sentence(mayCost: false) }

  /// The error in sentences for a model.
  ///
  /// - Parameter mayCost: whether the model wants to know that nothing was spent.
  func sentence(mayCost: Bool) -> SafeText {
    var hint = data.flatMap { try? JSONValue(parsing: $0) }?["hint"]?.string
    // An agent sees only its own.
    if code == ErrorKind.predictionNotFound.code { hint = "It was deleted or is not yours; list_images finds yours." }
    let isRefused = [ErrorKind.invalidParams.code, ErrorKind.predictionNotFound.code].contains(code)
    let told = sentences(plainMessage)
    let cost = mayCost && isRefused && !told.hasSuffix("Nothing was sent.") ? "Nothing was sent." : nil
    // Only the user can change a setting; without this sentence a model tries other arguments.
    let advice = code == ErrorKind.providerNotConfigured.code ? "Tell the user: no other arguments will help." : nil
    return SafeText(sentences(told, cost, hint, advice))
  }
}
