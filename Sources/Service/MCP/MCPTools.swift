internal import JSON
internal import JSONRPC
internal import Predictions

// The eight tools, with the texts for models. Hosts give the descriptions to the model in every conversation, or let it search
// them by words such as picture, logo and draw. `searchHint` has the other words and forms that people say, articles too: Claude
// Code counts each word of a phrase, so that without them "a drawing of a fox" finds its own TaskCreate.
extension MCPTool {
  static let generate = MCPTool(
    name: "generate_image", title: "Generate image",
    description: """
      Create an image from text: draw a picture, illustration, icon or logo, make a photo of a product, a portrait, a drawing, \
      art in the style of a painter. Saves a file; answers path, id and cost. May cost money. If it takes long the answer has \
      an id: then call get_image, never this again. Other models make video or audio.
      """,
    searchHint: """
      make, create, generate, draw, paint, sketch, design or render an image: a new picture, a photo of a product, a drawing of \
      an animal, a painting in the style of an artist, an illustration for a blog post, artwork for the cover of an album, a \
      poster, a banner, a wallpaper, a portrait, an avatar, a logo, an app icon, art, graphic; text to image, image generation
      """,
    parameters: Parameters.ofImage + [Parameters.references] + Parameters.ofAnswer, hidden: Parameters.ofEarlier,
    isTaskCapable: true, body: { call throws(RPCError) in try call.generate(isEdit: false) })

  static let edit = MCPTool(
    name: "edit_image", title: "Edit image",
    description: """
      Edit or change an image, picture or photo: recolor, restyle, add a thing or remove one, replace the background or the sky, \
      combine two images, upscale. images takes ids of earlier answers (ID, or ID/2 for its second file), also of unfinished \
      ones. Saves a new file; the old one stays. May cost money.
      """,
    searchHint: """
      edit, change, retouch, inpaint or restyle an image, a picture or the photo; add a thing to the image, remove, erase or \
      replace a part, the background or the sky, make it blue, recolor, combine two images, upscale
      """,
    parameters: Parameters.ofImage + [Parameters.images, Parameters.mask] + Parameters.ofAnswer, isTaskCapable: true,
    body: { call throws(RPCError) in try call.generate(isEdit: true) })

  static let view = MCPTool(
    name: "view_image", title: "View image",
    description: """
      Look at an image that these tools made, as a small copy, to judge it before you go on. Takes an id, ID/2 for the \
      second file, or a path from an answer. Free.
      """,
    searchHint: "look at, see, view, show or check the image, a picture or photo",
    parameters: [Parameters.viewed, Parameters.viewedSize], hints: Hints(readOnly: true, openWorld: false),
    body: { call throws(RPCError) in try call.view() })

  static let get = MCPTool(
    name: "get_image", title: "Get image",
    description: """
      Status, file paths and cost of an image by its id. Waits until it is finished or wait_seconds is over; call it again \
      while status is created or processing. Ids stay valid after a restart. Free.
      """,
    searchHint: "status of an image, wait until the image is finished",
    parameters: [Parameters.id, Parameters.wait, Parameters.view], hints: Hints(readOnly: true),
    body: { call throws(RPCError) in try call.get(isEarlier: false) })

  static let cancel = MCPTool(
    name: "cancel_image", title: "Cancel image",
    description: """
      Stop an image that is not finished. Before it was sent that costs nothing; afterwards the provider may still finish \
      and bill it.
      """,
    searchHint: "cancel, stop or abort the image",
    parameters: [Parameters.id], hints: Hints(destructive: true, idempotent: true),
    body: { call throws(RPCError) in try call.cancel(isEarlier: false) })

  static let list = MCPTool(
    name: "list_images", title: "List images",
    description: """
      Find images, pictures and drawings that these tools made before: id, prompt, file, age and cost, newest first. Free.
      """,
    searchHint: "find, list or show my earlier images, pictures, photos and drawings, made before; history, gallery",
    parameters: [Parameters.text, Parameters.status, Parameters.limit, Parameters.cursor],
    hints: Hints(readOnly: true, openWorld: false), body: { call throws(RPCError) in try call.list(isEarlier: false) })

  static let models = MCPTool(
    name: "list_models", title: "List models",
    description: """
      Find models that make or edit images, upscale, or make video, audio or 3D: id, purpose, price, sizes. Use it before you \
      name a model. At most 20, the best first. Free.
      """,
    searchHint: "list, find, choose or compare models for images, to edit, upscale, for video",
    parameters: [Parameters.query, Parameters.kind], hints: Hints(readOnly: true),
    body: { call throws(RPCError) in try call.models() })

  static let estimate = MCPTool(
    name: "estimate_cost", title: "Estimate cost",
    description: """
      The price or cost of an image before you make or edit it, the balance of the account, and what may still be spent \
      today. Takes the arguments of generate_image and edit_image. Free.
      """,
    searchHint: "cost or price of an image, estimate before making it, how much it costs, balance, budget",
    parameters: Parameters.ofImage + [Parameters.optionalImages, Parameters.mask],
    hidden: [Parameters.references] + Parameters.ofAnswer, hints: Hints(readOnly: true),
    body: { call throws(RPCError) in try call.estimate() })

  /// The parameters of the tools: flat, without unions, so that strict hosts can use them.
  enum Parameters {
    static let prompt = Parameter("prompt", .string, about: "What to make, in words.")
    static let model = Parameter(optional: "model", .model, about: "From list_models; leave out for the usual one.")
    static let size = Parameter(optional: "size", .name(bytes: 1...32), about: "Like 1024x1024.")
    static let aspectRatio = Parameter(optional: "aspect_ratio", .name(bytes: 1...16), about: "Like 16:9.")
    static let count = Parameter(optional: "n", .integer(in: 1...64), about: "How many images.")
    static let quality = Parameter(optional: "quality", .name(bytes: 1...32), about: "Like low or high.")
    static let format = Parameter(optional: "format", .name(bytes: 1...16), about: "png, jpeg or webp.")
    static let seed = Parameter(optional: "seed", .wholeNumber)
    static let parameters = Parameter(
      optional: "parameters", .objectText, about: "Other fields of the model, as a JSON object in a string.")
    static let outputDirectory = Parameter(
      optional: "output_dir", .string, about: "Absolute folder, inside an allowed one.")
    static let outputName = Parameter(optional: "output_name", .outputName, about: "File name without extension.")

    /// What decides the image and its price.
    static let ofImage: [any DescribedParameter] = [
      prompt, model, size, aspectRatio, count, quality, format, seed, parameters,
    ]

    static let references = Parameter(
      optional: "reference_images", .imageNames, about: "Images to follow: ids of earlier answers.")
    static let images = Parameter("images", .imageNames, about: "ID, ID/2 or a path from an answer.")
    static let optionalImages = Parameter(optional: "images", .imageNames, about: "For an edit.")
    static let mask = Parameter(
      optional: "mask", .name(bytes: 1...4_096),
      about: "An image that marks what to change: ID or a path from an answer.")

    /// Above the 60 s after which common hosts give up, only the user's own setting is taken.
    static let longestWait = 54
    static let wait = Parameter(optional: "wait_seconds", .integer(in: 0...3_600), about: "0 does not wait.")
    static let view = Parameter("view", .bool, default: false, about: "Answer with a small copy to look at.")

    static let again = Parameter(
      "again", .bool, default: false,
      about: "Make another one with the same arguments; without it a repeated call makes none.")

    /// What decides the answer.
    static let ofAnswer: [any DescribedParameter] = [outputDirectory, outputName, wait, view, again]

    static let id = Parameter("id", .id, about: "From an earlier answer.")
    static let viewed = Parameter("id", .name(bytes: 1...4_096), about: "ID, ID/2 or a path from an answer.")
    static let viewedSize = Parameter(
      "size", .integer(clampedTo: 64...1_024), default: 512, about: "Longest side in pixels. ")
    static let status = Parameter(optional: "status", .status)
    static let text = Parameter(optional: "query", .string, about: "Words of the prompt.")
    static let limit = Parameter("limit", .integer(from: 1, atMost: 100), default: 10)
    static let cursor = Parameter(optional: "cursor", .cursor, about: "From the page before.")
    static let query = Parameter(optional: "query", .string(bytes: 1...1_000), about: "Words, such as a name.")
    static let kind = Parameter(optional: "kind", .word(MCPModelKind.allCases), about: "What they do.")
  }
}

/// What a model is looked for.
enum MCPModelKind: String, CaseIterable {
  case image, edit, upscale, video, audio, model, text
}

extension ParameterType where Value == [String] {
  /// Names of images that these tools made.
  static var imageNames: ParameterType {
    let count = 1...16
    return ParameterType(.array(of: .string, count)) { value, path throws(RPCError) in
      guard let array = value.array ?? value.string.map({ [.string($0)] }) else {
        throw .invalidParams(path, "\(path) must be an array of strings, not \(value.kind)")
      }
      guard count.contains(array.count) else {
        throw .invalidParams(
          path, "\(path) has \(array.count) elements; \(count.lowerBound) to \(count.upperBound) are allowed",
          limit: count.upperBound)
      }
      var names: [String] = []
      for element in array {
        guard let name = element.string, SafeText.isName(name), 1...4_096 ~= name.utf8.count else {
          throw .invalidParams(path, "\(path) must hold ids or paths")
        }
        names.append(name)
      }
      return names
    }
  }
}

extension ParameterType where Value == JSONObject {
  /// An object as JSON in a string: the schemas of strict hosts have no free objects. An object itself is taken too.
  static var objectText: ParameterType {
    ParameterType(.string) { value, path throws(RPCError) in
      if let object = value.object { return object }
      guard let object = value.string.flatMap({ try? JSONValue(parsing: $0) })?.object else {
        throw .invalidParams(
          path, "\(path) must be a JSON object in a string", hint: #"Like {"background":"transparent"}."#)
      }
      return object
    }
  }
}

extension ParameterType where Value == Int64 {
  /// Any whole number.
  static var wholeNumber: ParameterType {
    ParameterType(.integer()) { value, path throws(RPCError) in
      guard let number = value.int64 else {
        throw .invalidParams(path, "\(path) must be a whole number, not \(value.kind)")
      }
      return number
    }
  }
}
