internal import JSON
internal import Predictions

/// The file beside images that says by which blocks they were made, `imagewire.lock.json`. It is committed with them, so that nobody
/// makes them again. Pure.
///
///     {"images": {"fox.png": {"key": "build-…", "sha256": "…"}}, "version": 1}
struct ImageLock: Equatable {
  static let name = "imagewire.lock.json"

  /// An image as it was made.
  struct Entry: Equatable {
    /// `ImageBlock.key`.
    var key: String
    /// Of its file, in hexadecimal.
    var sha256: String
  }

  /// Why a text is no lock file: the predicate of a sentence whose subject is the file.
  struct Unreadable: Error, Equatable {
    let reason: SafeText
  }

  private var members: JSONObject

  /// A lock without images.
  init() { members = JSONObject([("images", .object(JSONObject())), ("version", 1)]) }

  init(parsing bytes: [UInt8]) throws(Unreadable) {
    guard let object = (try? JSONValue(parsing: bytes))?.object else {
      throw Unreadable(reason: "is not a JSON object; perhaps a merge left its marks in it")
    }
    guard let version = object["version"]?.int64 else { throw Unreadable(reason: "has no version") }
    guard version == 1 else { throw Unreadable(reason: "has the version \(version), which a newer imagewire reads") }
    guard let images = object["images"]?.object else { throw Unreadable(reason: "has no images") }
    for image in images.members where Self.entry(image.value) == nil {
      throw Unreadable(reason: "has no key and sha256 for \(SafeText(image.name, atMost: 200))")
    }
    members = object
  }

  private static func entry(_ value: JSONValue) -> Entry? {
    guard let key = value["key"]?.string, let sha256 = value["sha256"]?.string else { return nil }
    return Entry(key: key, sha256: sha256)
  }

  /// The image of a name.
  subscript(name: String) -> Entry? {
    get { members["images"]?[name].flatMap(Self.entry) }
    set {
      var images = members["images"]?.object ?? JSONObject()
      images[name] = newValue.map { ["key": .string($0.key), "sha256": .string($0.sha256)] }
      members["images"] = .object(images)
    }
  }

  /// The text of the file, the same for the same images.
  var text: String { JSONValue.object(members).canonical { $0 }.indented + "\n" }
}
