internal import JSON

/// What a server with OpenAI's Images API does in its own way: one row for each server that is known. A fact that no source
/// confirms is not here; such a server is spoken to as to OpenAI. Sources: Sources/Providers/README.md, "Dialects".
struct OpenAIDialect: Sendable, Equatable {
  /// The word for it in the setting `dialect`.
  let name: String
  /// Its name in sentences.
  let title: String
  /// It is the server where the base URL's host is one of these, or below one.
  var hosts: [String] = []
  /// It is the server where the list of models says so.
  var mark: Mark? = nil
  /// Where an input without images goes.
  var generations = "/images/generations"
  /// How images of an input are sent.
  var images = Images.form(list: "image[]", addresses: .refused)
  /// The `response_format` that is asked for where the input says none, because the default answer is of less use.
  var answer: String? = nil
  /// The header for the key; `nil` for `Authorization: Bearer`.
  var keyHeader: String? = nil
  /// Whether it answers with paths of its own disk. Of no other server on this machine is a path read: a picture of the user's would
  /// become an output, which may leave as an input of the next request.
  var namesFiles = false
  /// Whether it hands requests on to services that cost money, so that no address makes it free.
  var isGateway = false

  /// What `GET /models` says of its server.
  enum Mark: Sendable, Equatable {
    /// `owned_by` of the first model.
    case owner(String)
    /// `id` and `owned_by` of the only model.
    case model(String, owner: String)
    /// `created` of every model: a constant of the server's.
    case created(Int64)
  }

  /// How the images of an input are sent. An image is a data URI, or an address where the server takes one.
  enum Images: Sendable, Equatable {
    /// As files of a form to `/images/edits`, several each under the name `list`.
    case form(list: String, addresses: Addresses)
    /// In JSON to `path`, without a mask. `one` is the member for a single image, `several` that for a list; a server without
    /// `one` takes a list always.
    case json(path: String, one: Member?, several: Member)
    /// Not at all.
    case none
  }

  /// Addresses of images beside files.
  enum Addresses: Sendable, Equatable {
    case refused
    /// As texts of the form under this name, several under the name with `[]`.
    case field(String)
    /// All of the request is JSON then: a list of these, and the mask as one.
    case json(Member)
  }

  /// A member of JSON that holds an image, or a list of them.
  struct Member: Sendable, Equatable {
    let name: String
    let shape: Shape
  }

  /// An image in JSON. TEXT is its address or its data URI.
  enum Shape: Sendable, Equatable {
    /// TEXT
    case text
    /// Its address, or its bytes as Base64 without the head of a data URI.
    case base64
    /// `{"url": TEXT, "type": "image_url"}`
    case typed
    /// `{"image_url": TEXT}`
    case named
    /// `{"type": "image_url", "image_url": {"url": TEXT}}`
    case nested
  }

  // MARK: - The table

  /// A server that nothing tells.
  static let unknown = OpenAIDialect(name: "plain", title: "The server")

  /// All that are known.
  static let table = [
    OpenAIDialect(
      name: "openai", title: "OpenAI", hosts: ["api.openai.com"],
      images: .form(list: "image[]", addresses: .json(Member(name: "images", shape: .named)))),
    OpenAIDialect(
      name: "azure", title: "Azure",
      hosts: ["openai.azure.com", "services.ai.azure.com", "cognitiveservices.azure.com"], keyHeader: "api-key"),
    OpenAIDialect(
      name: "vllm", title: "vLLM-Omni", mark: .owner("vllm"), images: .form(list: "image[]", addresses: .field("url"))),
    OpenAIDialect(
      name: "sglang", title: "SGLang", mark: .owner("sglang"),
      images: .form(list: "image[]", addresses: .field("url")), answer: "b64_json"),
    OpenAIDialect(
      name: "localai", title: "LocalAI",
      images: .json(
        path: "/images/generations", one: Member(name: "file", shape: .base64),
        several: Member(name: "ref_images", shape: .base64)),
      answer: "b64_json"),
    OpenAIDialect(
      name: "xinference", title: "Xinference", mark: .owner("xinference"), answer: "b64_json", namesFiles: true),
    OpenAIDialect(name: "sdcpp", title: "stable-diffusion.cpp", mark: .model("sd-cpp-local", owner: "local")),
    OpenAIDialect(name: "koboldcpp", title: "KoboldCpp", mark: .owner("koboldcpp"), images: .none),
    OpenAIDialect(name: "litellm", title: "LiteLLM", mark: .created(1_677_610_602), isGateway: true),
    OpenAIDialect(
      name: "openrouter", title: "OpenRouter", hosts: ["openrouter.ai"], generations: "/images",
      images: .json(path: "/images", one: nil, several: Member(name: "input_references", shape: .nested)),
      isGateway: true),
    OpenAIDialect(
      name: "xai", title: "xAI", hosts: ["api.x.ai"],
      images: .json(
        path: "/images/edits", one: Member(name: "image", shape: .typed), several: Member(name: "images", shape: .typed)
      )),
    OpenAIDialect(
      name: "gemini", title: "Gemini", hosts: ["generativelanguage.googleapis.com"], answer: "b64_json"),
    OpenAIDialect(
      name: "ark", title: "Volcengine Ark", hosts: ["volces.com", "bytepluses.com"],
      images: .json(
        path: "/images/generations", one: Member(name: "image", shape: .text),
        several: Member(name: "image", shape: .text))),
    OpenAIDialect(
      name: "together", title: "Together", hosts: ["api.together.xyz", "api.together.ai"],
      images: .json(
        path: "/images/generations", one: Member(name: "image_url", shape: .text),
        several: Member(name: "reference_images", shape: .text))),
    OpenAIDialect(name: "fireworks", title: "Fireworks", hosts: ["api.fireworks.ai"]),
    OpenAIDialect(
      name: "deepinfra", title: "DeepInfra", hosts: ["api.deepinfra.com"],
      images: .form(list: "image", addresses: .refused)),
  ]

  /// Every word of the setting `dialect`.
  static let names = [unknown.name] + table.map(\.name)

  /// The row of a word in the setting; `nil` for any other word.
  static func named(_ name: String) -> OpenAIDialect? { ([unknown] + table).first { $0.name == name } }

  /// The row of a host; `nil` where none names it.
  ///
  /// - Parameter host: in lower case.
  static func of(host: String) -> OpenAIDialect? {
    table.first { $0.hosts.contains { host == $0 || host.hasSuffix(".\($0)") } }
  }

  /// The row of a server by its answer to `GET /models`; `nil` where it tells none.
  static func of(models answer: JSONValue) -> OpenAIDialect? {
    guard let models = answer.array ?? answer["data"]?.array, let first = models.first else { return nil }
    return table.first { row in
      switch row.mark {
      case nil: false
      case .owner(let owner): first["owned_by"]?.string == owner
      case .model(let id, let owner):
        models.count == 1 && first["id"]?.string == id && first["owned_by"]?.string == owner
      case .created(let time): models.allSatisfy { $0["created"]?.int64 == time }
      }
    }
  }

  // MARK: - Events of a stream

  // Stored replies are read by any later process, which may not know the server. So the words of all dialects are understood in
  // each; none has two meanings.

  /// Endings of events that hold a finished image.
  static let imageEvents = [".completed", ".partial_succeeded"]
  /// The ending of events that hold a draft.
  static let draftEvent = ".partial_image"
  /// The ending of the event behind which no draft comes.
  static let lastEvent = ".completed"
}
