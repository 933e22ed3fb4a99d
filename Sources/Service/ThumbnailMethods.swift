internal import Encoding
internal import JSON
internal import JSONRPC
internal import Predictions
internal import Threads

extension Method {
  /// The method about small images of saved files.
  static let thumbnails: [Method] = [
    Method(
      "thumbnail", "Returns a small image of a saved file; made at its first request.",
      [Parameters.id, Parameters.file, Parameters.size, Parameters.inline],
      result: .object(
        [
          "path": .string.about("A file that may be removed at any time; the next request makes it again."),
          "media_type": .word(["image/jpeg", "image/png"]).about("image/png where it is transparent."),
          "bytes": .integer(0...).about("Its size."),
          "width": .integer(1...).about("In pixels."), "height": .integer(1...).about("In pixels."),
          "base64": .string.about("Its contents, if inline was requested."),
        ], optional: ["base64"]),
      errors: [.predictionNotFound, .noThumbnail, .storageFailed], body: .later(thumbnail))
  ]

  private enum Parameters {
    static let id = Parameter("id", .id)
    static let file = Parameter("file", .integer(in: 1...1_000), default: 1, about: "Which of its files, by its index.")
    static let size = Parameter(
      "size", .integer(clampedTo: Thumbnail.sizes), default: 512,
      about: "The longest side in pixels; a smaller image keeps its size. ")
    static let inline = Parameter("inline", .bool, default: false, about: "Whether to return its contents too.")
  }

  @Sendable private static func thumbnail(_ service: Service, _ params: MethodParameters, _ call: PendingCall)
    throws(RPCError)
  {
    let id = try params[Parameters.id]
    let number = try params[Parameters.file]
    let size = try params[Parameters.size]
    let isInline = try params[Parameters.inline]
    let engine = try service.engine()
    let prediction: Prediction
    do throws(StoreError) {
      guard let snapshot = try engine.snapshot(id) else { throw .notFound }
      prediction = snapshot.prediction
    } catch {
      throw .storage(error, id: id.description)
    }
    let files = prediction.visibleFiles
    guard !files.isEmpty else {
      throw RPCError(
        .noThumbnail, "The prediction is \(prediction.status.rawValue) and has no files.",
        hint: prediction.status.isTerminal ? nil : "Wait until it is completed.", id: id.description)
    }
    guard let file = prediction.visibleFile(number) else {
      let indexes = files.map { "\($0.index)" }.joined(separator: ", ")
      throw .invalidParams("file", "the prediction has no file \(number); the indexes of its files are \(indexes)")
    }
    guard let thumbnails = service.host.thumbnails else { throw RPCError(.noThumbnail, "No thumbnails are made here.") }
    thumbnails.thumbnail(of: file, for: prediction.origin, as: ThumbnailForm(size: size)) { result in
      switch result {
      case .failure(let error): call.error(.thumbnail(error, id: id))
      case .success(let thumbnail) where isInline:
        service.pictures.async {
          _ = call.reply.waitForRoom()
          guard let contents = thumbnails.contents(of: thumbnail) else {
            return call.error(.thumbnail(.storage(path: thumbnail.path, reason: "it was removed meanwhile"), id: id))
          }
          call.result { thumbnail.write(to: &$0, contents: contents) }
        }
      case .success(let thumbnail): call.result { thumbnail.write(to: &$0, contents: nil) }
      }
    }
  }
}

extension Thumbnail {
  fileprivate func write(to json: inout JSONWriter, contents: [UInt8]?) {
    json.beginObject()
    json.name("path")
    json.value(path)
    json.name("media_type")
    json.value(mediaType)
    json.name("bytes")
    json.value(bytes)
    json.name("width")
    json.value(width)
    json.name("height")
    json.value(height)
    if let contents {
      json.name("base64")
      json.value(Base64.encode(contents))
    }
    json.endObject()
  }
}
