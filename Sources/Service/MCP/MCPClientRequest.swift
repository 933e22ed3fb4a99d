internal import JSON
internal import Predictions

/// What the server asks of a client. Up to 2025-11-25 that is a request of its own; in stateless revisions a call ends with it,
/// and the client makes the call again with the answer.
enum MCPClientRequest: Sendable {
  /// Whether the user agrees. The form has no fields: accepting it is the answer.
  case elicitation(SafeText)
  /// The directories that the client works in.
  case roots

  fileprivate var method: String {
    switch self {
    case .elicitation: "elicitation/create"
    case .roots: "roots/list"
    }
  }

  /// Writes the members of `params`.
  fileprivate func write(to json: inout JSONWriter) {
    guard case .elicitation(let message) = self else { return }
    json.name("message")
    json.value(message.description)
    json.name("requestedSchema")
    json.raw(#"{"type":"object","properties":{}}"#)
  }

  fileprivate var hasParams: Bool { if case .elicitation = self { true } else { false } }
}

extension Service {
  /// Sends it as a request; `handle(response:)` gets the answer.
  func request(_ request: MCPClientRequest, id: String) {
    self.request(request.method, id: id) { json in
      json.beginObject()
      request.write(to: &json)
      json.endObject()
    }
  }
}

extension MCPCall {
  /// Ends a call of a stateless revision with it.
  ///
  /// - Parameters:
  ///   - name: of the answer in `inputResponses`.
  ///   - state: comes back with the answer as `requestState`.
  func needs(_ name: String, _ request: MCPClientRequest, state: String? = nil) {
    result(type: "input_required") { json in
      json.name("inputRequests")
      json.beginObject()
      json.name(escaping: name)
      json.beginObject()
      json.name("method")
      json.value(request.method)
      if request.hasParams {
        json.name("params")
        json.beginObject()
        request.write(to: &json)
        json.endObject()
      }
      json.endObject()
      json.endObject()
      if let state {
        json.name("requestState")
        json.value(state)
      }
    }
  }

  /// The answer that a call of a stateless revision brings; `nil` where it brings none.
  func answer(to name: String) -> JSONValue? { revision.isStateless ? params["inputResponses"]?[name] : nil }
}
