internal import Encoding
internal import JSON
internal import JSONRPC
internal import Predictions

// The five tools, with the texts for models. The texts are short because hosts give them to the model in every conversation.
extension MCPTool {
  static let generate = MCPTool(
    name: "generate_image", title: "Generate image",
    description: """
      Makes an image from a text prompt and saves it as a file; the answer has its path. With a model for it also makes \
      video, audio, 3D models or text. Waits up to timeout_ms \
      (50,000). Slow models can take longer: then the answer has status "processing" and an id, and the image is still \
      being made. Call get_prediction with that id until status is completed, failed, cancelled or unknown. Do not \
      generate it again, because each call may cost money.
      For several images, or a model known to be slow, call submit_prediction for each and then get_prediction.
      A refusal says what to change in the prompt or the arguments.
      """,
    parameters: Parameters.ofRequest + [Parameters.timeout, Parameters.inline], output: { .pictured }, hints: Hints(),
    isTaskCapable: true,
    body: { call throws(RPCError) in try call.generate() })

  static let submit = MCPTool(
    name: "submit_prediction", title: "Submit image",
    description: """
      Requests an image and returns at once with the prediction's id. The prediction is on disk before the answer and goes \
      on even if this conversation ends. Use it for slow models and to make several images at the same time, then call \
      get_prediction with each id. May cost money. With an idempotency_key the same request is never made twice.
      """,
    parameters: Parameters.ofRequest, output: { .pictured }, hints: Hints(),
    body: { call throws(RPCError) in try call.submit() })

  static let get = MCPTool(
    name: "get_prediction", title: "Get image",
    description: """
      The prediction with this id: its status and, once completed, the paths of its files and the words of texts. Waits \
      until it is finished or timeout_ms (50,000) is over; 0 does not wait. While status is created or processing, call it again. \
      Ids stay valid until the prediction is deleted, also after a restart.
      """,
    parameters: [Parameters.id, Parameters.timeout, Parameters.inline], output: { .pictured },
    hints: Hints(readOnly: true),
    body: { call throws(RPCError) in try call.get() })

  static let cancel = MCPTool(
    name: "cancel_prediction", title: "Cancel image",
    description: """
      Stops a prediction. Before it was sent that costs nothing (billing "none"); afterwards the provider may still finish \
      and bill it (billing "unknown"). A finished one comes back unchanged.
      """,
    parameters: [Parameters.id], output: { .pictured }, hints: Hints(destructive: true, idempotent: true),
    body: { call throws(RPCError) in try call.cancel() })

  static let list = MCPTool(
    name: "list_predictions", title: "List images",
    description: """
      The predictions made with these tools, newest first, without their inputs. Use it to find an id or a file again.
      """,
    parameters: [Parameters.status, Parameters.text, Parameters.limit, Parameters.cursor],
    output: { .object(["predictions": .array(of: .pictured), "next_cursor": .string.orNull]) },
    hints: Hints(readOnly: true, openWorld: false),
    body: { call throws(RPCError) in try call.list() })

  /// The parameters of the tools. Their types are those of the methods, so the bounds are the same; the descriptions are
  /// for models. A request is read by `SubmitParameters`.
  enum Parameters {
    static let ofRequest: [any DescribedParameter] = [
      Parameter("prompt", .string, about: "A description of the image."),
      Parameter(
        optional: "model", .model, about: "The provider's name of a model; leave it out for the usual one."),
      Parameter(
        optional: "input", .object,
        about: """
          Further fields for the model, such as size (\"1024x1024\"), n or quality. To edit an earlier image, set the \
          model's image field to imagewire://predictions/ID/1, the first image of that prediction, even if it is not \
          finished yet.
          """),
      Parameter(
        optional: "idempotency_key", .idempotencyKey,
        about: "A key of your choice: the same key never makes a second image."),
      Parameter(
        optional: "output_dir", .string,
        about: "An absolute folder for the files, inside the output folder or an allowed one."),
      Parameter(optional: "output_name", .outputName, about: "File name without folder and extension."),
      Parameter(optional: "max_cost", .dollars, about: "Refuse if it would cost more, in US dollars."),
    ]

    static let id = Parameter("id", .id, about: "The prediction's id.")
    /// Both values are below the 60 s after which common hosts give up, whatever a model asks for.
    static let timeout = Parameter(
      "timeout_ms", .milliseconds(from0AtMost: 54_000), default: 50_000, about: "How long to wait")
    static let inline = Parameter(
      "inline", .bool, default: false,
      about: "Also show the images, those over 1 MB as small copies. Costs many tokens; the files are saved anyway.")
    static let status = Parameter(optional: "status", .status)
    static let text = Parameter(optional: "text", .string, about: "Only predictions whose prompt contains this text.")
    static let limit = Parameter("limit", .integer(from: 1, atMost: 100), default: 20)
    static let cursor = Parameter(optional: "cursor", .cursor, about: "next_cursor of the previous page.")
  }
}

extension Schema {
  /// The fields of a prediction that programs need. Results have all fields of `schemas/prediction.json`.
  fileprivate static var pictured: Schema {
    .object(
      [
        "id": .string, "model": .string, "status": .status, "created_at": .string, "error": .string,
        "outputs": .array(of: .string),
        "files": .array(
          of: .object(
            [
              "path": .string, "index": .integer(1...), "kind": .word(FileKind.allCases.map(\.rawValue)),
              "media_type": .string, "bytes": .integer(), "sha256": .string,
              "width": .integer().orNull, "height": .integer().orNull,
            ], optional: ["path"])),
        "billing": .word(Billing.allCases.map(\.rawValue)),
        "failure": .object(
          ["type": .string, "retryable": .bool, "message": .string, "hint": .string.orNull]
        ).orNull,
        "waits_for": .array(of: .string).about("Unfinished predictions whose images it needs."),
        "waiting": .object(["reason": .string, "until": .string]).about("Its account pauses."),
        "next": .string.about("What to do next."),
      ], optional: ["waits_for", "waiting", "next"])
  }
}
