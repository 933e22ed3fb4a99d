internal import JSON
internal import JSONRPC
internal import Predictions

/// The parameters of `submit`, and the request that they make.
enum SubmitParameters {
  private static let prompt = Parameter(
    optional: "prompt", .string, about: "Describes the image; short for input.prompt.")
  private static let input = Parameter(
    optional: "input", .object,
    about: """
      The model's input, unchanged except for uploaded files and outputs of earlier predictions; its prompt must not be \
      empty. A string imagewire://predictions/ID/N (at any depth, except the prompt) stands for output N of the prediction \
      ID, which may still be in progress: then this one waits for it.
      """)
  private static let model = Parameter(
    optional: "model", .model, about: "The model; the default model if absent.")
  private static let provider = Parameter(
    optional: "provider", .provider, about: "The provider; the default provider if absent.")
  private static let idempotencyKey = Parameter(
    optional: "idempotency_key", .idempotencyKey, about: "The same key and content return the same prediction.")
  /// How long the reply may wait. Only the method reads it: the command line waits by itself.
  static let wait = Parameter(
    "wait_ms", .milliseconds(atMost: MethodParameters.longestWait), default: 0,
    about: "How long to wait for the end of the prediction")
  private static let tags = Parameter(optional: "tags", .tags, about: "Labels, for list and subscribe.")
  private static let metadata = Parameter(optional: "metadata", .metadata, about: "Any object")
  private static let outputDirectory = Parameter(
    optional: "output_dir", .outputDirectory,
    about: "The directory of its files: an absolute path, or an s3:// address in the configured bucket.")
  private static let outputName = Parameter(
    optional: "output_name", .outputName, about: "The name of its files, without directory and extension.")
  private static let maxCost = Parameter(
    optional: "max_cost", .dollars, about: "US dollars; a prediction that would cost more is refused.")
  private static let maxCostEstimates = Parameter(
    "max_cost_estimates", .bool, default: false,
    about: """
      Whether an estimate satisfies max_cost. Otherwise a prediction whose price is an estimate (quote names the missing \
      fields) is refused under max_cost.
      """)
  private static let upload = Parameter(
    "upload", .bool, default: false,
    about: """
      Whether strings of input that begin with @/ (at any depth, except the prompt) name local image files, which are \
      uploaded before it is sent. Otherwise no file is read, and such a string is sent as it is. Also whether outputs that \
      were made with another account or provider may be sent.
      """)

  /// All of them, in positional order.
  static let all: [any DescribedParameter] = [
    prompt, input, model, provider, idempotencyKey, wait, tags, metadata, outputDirectory, outputName, maxCost, upload,
    maxCostEstimates,
  ]

  /// The request that the params of a call describe.
  static func request(_ params: MethodParameters) throws(RPCError) -> PredictionRequest {
    var request = PredictionRequest(input: try params[input] ?? JSONObject())
    try place(try params[prompt], in: &request.input)
    request.provider = try params[provider]
    request.model = try params[model]
    request.idempotencyKey = try params[idempotencyKey]
    request.metadata = try params[metadata]
    request.tags = try params[tags] ?? []
    request.outputDirectory = try params[outputDirectory]
    request.outputName = try params[outputName]
    request.maxCostMicros = try params[maxCost]
    request.allowsEstimates = try params[maxCostEstimates]
    request.upload = try params[upload]
    return request
  }

  /// Puts the prompt into the input, and checks that there is one.
  private static func place(_ prompt: String?, in input: inout JSONObject) throws(RPCError) {
    if let prompt {
      guard input["prompt"] == nil else {
        throw .invalidParams("prompt", "prompt is given twice, as prompt and as input.prompt")
      }
      input["prompt"] = .string(prompt)
    }
    guard let prompt = input["prompt"], !prompt.isNull else {
      throw .invalidParams(
        "prompt", "a prompt is missing", hint: "Describe the image, as prompt or input.prompt.")
    }
    guard let text = prompt.string else {
      throw .invalidParams("input.prompt", "the prompt must be a string, not \(prompt.kind)")
    }
    guard text.utf8.contains(where: { $0 > 0x20 }) else { throw .invalidParams("prompt", "the prompt is empty") }
  }
}
