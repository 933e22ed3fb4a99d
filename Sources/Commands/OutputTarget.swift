internal import Encoding

/// The folder and the file name that `--output` names. The extension of a known format is left out: it follows what is made.
struct OutputTarget: Equatable {
  var folder: String
  var stem: String?

  /// - Parameter path: absolute. For a folder, or a path that ends with a slash, the prediction chooses the file name.
  init(_ path: String, isFolder: (String) -> Bool) {
    if path.hasSuffix("/") || isFolder(path) {
      folder = path
      return
    }
    let slash = path.lastIndex(of: "/")!
    folder = slash == path.startIndex ? "/" : String(path[..<slash])
    var name = path[path.index(after: slash)...]
    if let dot = name.lastIndex(of: "."), dot != name.startIndex,
      FileFormat.isExtension(name[name.index(after: dot)...].lowercased())
    {
      name = name[..<dot]
    }
    stem = String(name)
  }
}
