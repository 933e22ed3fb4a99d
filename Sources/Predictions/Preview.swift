/// A partial image of a prediction that is processing: a file that the next one replaces, and that is removed when the
/// prediction is over. It may be missing at any time; the outputs are the `files` of a completed prediction.
public struct Preview: Sendable, Equatable {
  /// Its path, absolute.
  public var path: String
  /// Read from the bytes: `image/png` and so on, as with `OutputFile`.
  public var mediaType: String
  /// Its length in bytes.
  public var bytes: Int64
  /// In pixels, from the header; `nil` where the header does not say.
  public var width: Int?
  /// In pixels, from the header; `nil` where the header does not say.
  public var height: Int?
  /// The number of the partial image in the reply, from 0, as the provider counts.
  public var index: Int

  /// The description of a preview.
  public init(path: String, mediaType: String, bytes: Int64, width: Int?, height: Int?, index: Int) {
    self.path = path
    self.mediaType = mediaType
    self.bytes = bytes
    self.width = width
    self.height = height
    self.index = index
  }
}

/// An image that a provider sends before the reply to the paid request is complete.
public enum PartialImage: Sendable, Equatable {
  /// The bytes; whether they are an image is not checked yet.
  case picture([UInt8], index: Int)
  /// An image that could not be read; the reason, as the end of a sentence.
  case unreadable(reason: String)
}

/// Stores the newest preview of each prediction. Previews need not survive a power loss.
public protocol PreviewStore: Sendable {
  /// Stores a preview in place of the one before; readers find a whole file at any moment.
  func keep(_ bytes: [UInt8], index: Int, of id: PredictionID) throws(OutputError) -> Preview

  /// Removes the previews of these predictions, if there are any.
  func discard(_ ids: Set<PredictionID>)

  /// The predictions that have a preview, by any process.
  var kept: Set<PredictionID> { get }
}
