internal import JSON
internal import JSONRPC
internal import Predictions

// The five tools: what models read of them. The words are few because every host puts them before every model.
extension MCPTool {
  static let generate = MCPTool(
    name: "generate_image", title: "Generate image",
    description: """
      Makes a picture from a text prompt and saves it as a file; the answer has its path. Waits up to timeout_ms \
      (50,000). Slow models can take longer: then the answer has status "processing" and an id, and the picture is still \
      being made. Call get_prediction with that id until status is completed, failed, cancelled or unknown. Do not \
      generate it again, for each call may cost money.
      For several pictures, or a model known to be slow, call submit_prediction for each and then get_prediction.
      A refusal says what to change in the prompt or the arguments.
      """,
    parameters: order + [timeout, inline], output: { .pictured }, hints: Hints(), isTaskCapable: true,
    body: { call throws(RPCError) in try call.generate() })

  static let submit = MCPTool(
    name: "submit_prediction", title: "Submit picture",
    description: """
      Orders a picture and returns at once with the prediction's id; it is on disk before the answer and goes on whatever \
      happens to this conversation. Use it for slow models and to make several pictures at the same time, then call \
      get_prediction with each id. May cost money. With an idempotency_key the same order is never made twice.
      """,
    parameters: order, output: { .pictured }, hints: Hints(),
    body: { call throws(RPCError) in try call.submit() })

  static let get = MCPTool(
    name: "get_prediction", title: "Get picture",
    description: """
      The prediction with this id: its status and, once completed, the paths of its files. Waits until it is finished or \
      timeout_ms (50,000) is over; 0 looks and does not wait. While status is created or processing, call it again. \
      Ids stay valid until the prediction is deleted, also after a restart.
      """,
    parameters: [id, timeout, inline], output: { .pictured }, hints: Hints(readOnly: true),
    body: { call throws(RPCError) in try call.get() })

  static let cancel = MCPTool(
    name: "cancel_prediction", title: "Cancel picture",
    description: """
      Stops a prediction. Before it was sent that costs nothing (billing "none"); afterwards the provider may still finish \
      and bill it (billing "unknown"). A finished one comes back unchanged.
      """,
    parameters: [id], output: { .pictured }, hints: Hints(destructive: true, idempotent: true),
    body: { call throws(RPCError) in try call.cancel() })

  static let list = MCPTool(
    name: "list_predictions", title: "List pictures",
    description: """
      The predictions made with these tools, newest first, without their inputs. Use it to find an id or a file again.
      """,
    parameters: [
      Parameter("status", .status), Parameter("text", .string.about("Only where the prompt has this.")),
      Parameter("limit", .integer(1...).usually(20).about("At most 100.")),
      Parameter("cursor", .string(1...256).about("next_cursor of the page before.")),
    ],
    output: { .object(["predictions": .array(of: .pictured), "next_cursor": .string.orNull]) },
    hints: Hints(readOnly: true, openWorld: false),
    body: { call throws(RPCError) in try call.list() })

  // MARK: - What they share

  /// What makes an order.
  private static let order = [
    Parameter("prompt", .string.about("What the picture shows."), required: true),
    Parameter("model", .string(1...256).about("The provider's name of a model; leave it out for the usual one.")),
    Parameter(
      "input", .object().about("Further members for the model, such as size (\"1024x1024\"), n or quality.")),
    Parameter(
      "idempotency_key", .string(1...255).about("A name of yours for this order: it never makes a second picture.")),
    Parameter(
      "output_dir", .string.about("An absolute folder for the files, inside the output folder or an allowed one.")),
    Parameter("output_name", .string(1...200).about("File name without folder and extension.")),
    Parameter("max_cost", .number.about("Refuse if it would cost more, in US dollars.")),
  ]

  private static let id = Parameter("id", .string.about("The prediction's id."), required: true)

  private static let timeout = Parameter(
    "timeout_ms",
    .integer(0...).usually(.number(JSONNumber(MCPToolCall.usualWait))).about(
      "How long to wait, in milliseconds; at most \(MCPToolCall.longestWait)."))

  private static let inline = Parameter(
    "inline",
    .bool.usually(false).about(
      "Also show the picture itself, if it is under 1 MB. Costs many tokens; the file is saved anyway."))
}

extension Schema {
  /// What programs need of a prediction as tools show it; the rest is there too (`schemas/prediction.json`).
  fileprivate static var pictured: Schema {
    .object(
      [
        "id": .string, "model": .string, "status": .status, "created_at": .string, "error": .string,
        "outputs": .array(of: .string),
        "files": .array(
          of: .object(
            [
              "path": .string, "media_type": .string, "bytes": .integer(), "sha256": .string,
              "width": .integer().orNull, "height": .integer().orNull,
            ], optional: ["path"])),
        "billing": .word(Billing.allCases.map(\.rawValue)),
        "failure": .object(
          ["type": .string, "retryable": .bool, "message": .string, "hint": .string.orNull]
        ).orNull,
        "waiting": .object(["reason": .string, "until": .string]).about("Its account pauses."),
        "next": .string.about("What to do next."),
      ], optional: ["waiting", "next"])
  }
}
