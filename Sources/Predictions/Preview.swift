/// A partial image of a prediction that is still being made: a file that the next one replaces, and that goes when the
/// prediction is over. Nothing is promised of it; the outputs are the `files` of a completed prediction.
public struct Preview: Sendable, Equatable {
  /// Absolute.
  public var path: String
  /// From the bytes: `image/png` and so on, as with `OutputFile`.
  public var mediaType: String
  /// Its length.
  public var bytes: Int64
  /// In pixels, from the header; `nil` where the header does not say.
  public var width: Int?
  /// In pixels, from the header; `nil` where the header does not say.
  public var height: Int?
  /// Which partial image of the reply, from 0, as the provider counts.
  public var index: Int

  /// Puts a preview's description together.
  public init(path: String, mediaType: String, bytes: Int64, width: Int?, height: Int?, index: Int) {
    self.path = path
    self.mediaType = mediaType
    self.bytes = bytes
    self.width = width
    self.height = height
    self.index = index
  }
}

/// What a provider hands over while its paid request is still being answered.
public enum PartialImage: Sendable, Equatable {
  /// The bytes of a picture, or what is said to be one.
  case picture([UInt8], index: Int)
  /// One that could not be read: why, as the end of a sentence.
  case unreadable(reason: String)
}

/// Keeps the newest preview of each prediction. Nothing in it need survive a power cut.
public protocol PreviewStore: Sendable {
  /// Puts a preview in the place of the one before, whole at any moment.
  func keep(_ bytes: [UInt8], index: Int, of id: PredictionID) throws(OutputError) -> Preview

  /// Removes what there is of these.
  func discard(_ ids: Set<PredictionID>)

  /// Whose previews are there, whichever process kept them.
  var kept: Set<PredictionID> { get }
}
