internal import JSONRPC
internal import Predictions

// The tools and arguments of the first version. Models that know them may call them; they are not listed. Only they take
// idempotency keys.
extension MCPTool {
  static let earlier: [MCPTool] = [
    MCPTool(
      name: "submit_prediction", title: "Submit image", parameters: Parameters.ofRequest,
      body: { call throws(RPCError) in try call.submit() }),
    MCPTool(
      name: "get_prediction", title: "Get image",
      parameters: [Parameters.id, Parameters.timeout, Parameters.inline],
      body: { call throws(RPCError) in try call.get(isEarlier: true) }),
    MCPTool(
      name: "cancel_prediction", title: "Cancel image", parameters: [Parameters.id],
      body: { call throws(RPCError) in try call.cancel(isEarlier: true) }),
    MCPTool(
      name: "list_predictions", title: "List images",
      parameters: [Parameters.status, Parameters.earlierText, Parameters.earlierLimit, Parameters.cursor],
      body: { call throws(RPCError) in try call.list(isEarlier: true) }),
  ]
}

extension MCPTool.Parameters {
  static let input = Parameter(optional: "input", .object)
  static let key = Parameter(optional: "idempotency_key", .idempotencyKey)
  static let maxCost = Parameter(optional: "max_cost", .dollars)
  static let timeout = Parameter(optional: "timeout_ms", .milliseconds(from0AtMost: 54_000))
  static let inline = Parameter("inline", .bool, default: false)
  static let earlierText = Parameter(optional: "text", .string)
  static let earlierLimit = Parameter("limit", .integer(from: 1, atMost: 100), default: 20)

  /// The arguments of `submit_prediction`, which `SubmitParameters` reads.
  static let ofRequest: [any DescribedParameter] = [
    prompt, model, input, key, outputDirectory, outputName, maxCost,
  ]
  /// Those of `generate_image` that are not listed any more.
  static let ofEarlier: [any DescribedParameter] = [input, key, maxCost, timeout, inline]
}
