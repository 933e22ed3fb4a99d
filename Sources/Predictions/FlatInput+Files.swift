// The files of this machine among the images of an agent's input.
extension FlatInput {
  /// The paths of the files that it names, in the order of its images, the mask last.
  public var files: [String] { (images + [mask].compactMap(\.self)).compactMap(FileReferences.path) }

  /// The same input with other strings for its files.
  ///
  /// - Parameter texts: one for each of `files`, in that order.
  public func naming(files texts: [String]) -> FlatInput {
    var rest = texts[...]
    func replaced(_ text: String) -> String { FileReferences.path(in: text) == nil ? text : rest.popFirst() ?? text }
    var copy = self
    copy.images = images.map { replaced($0) }
    copy.mask = mask.map { replaced($0) }
    return copy
  }
}
