internal import Predictions

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// A move to PostgreSQL that has begun and whose end is not known: the file `migrating` in the state directory. While it is there, no
/// process opens a table: an empty one would know no key and nothing that was sent.
struct MigrationMark: Equatable {
  /// What the server holds in `meta` once the move is committed.
  let id: String
  /// Where the file of SQLite was.
  let path: String
  /// Where it is set aside.
  let folder: String

  private static let suffixes = ["", "-wal", "-shm"]

  private static func file(in directory: String) -> String { directory + "/migrating" }

  /// The mark of a directory; `nil` where there is none, or it cannot be read.
  static func read(in directory: String) -> MigrationMark? {
    guard let bytes = FileSystem.read(file(in: directory)) else { return nil }
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.count == 4, lines[3].isEmpty else { return nil }
    return MigrationMark(id: String(lines[0]), path: String(lines[1]), folder: String(lines[2]))
  }

  /// Throws where a move was interrupted.
  static func refuse(in directory: String) throws(StoreError) {
    guard FileStatus(of: file(in: directory)) != nil else { return }
    throw .failed(
      message: "A move of the predictions in \(directory) to PostgreSQL was interrupted. Nothing was sent.",
      hint: "Run imagewire store migrate again, with the same address: it finishes the move, or undoes it.")
  }

  /// Durable when this returns.
  func write(in directory: String) throws(SystemError) {
    let draft = Self.file(in: directory) + ".part"
    unlink(draft)
    let file = try Descriptor(making: draft)
    try file.write(Array("\(id)\n\(path)\n\(folder)\n".utf8).span)
    try file.sync()
    try FileSystem.rename(draft, to: Self.file(in: directory))
    try FileSystem.syncFolder(directory)
  }

  /// Moves the file of SQLite into its folder.
  func setAside() throws(SystemError) {
    try FileSystem.makeFolder(folder)
    for suffix in Self.suffixes where FileStatus(of: path + suffix) != nil {
      try FileSystem.rename(path + suffix, to: "\(folder)/predictions.db\(suffix)")
    }
    try FileSystem.syncFolder(folder)
    try FileSystem.syncFolder(FileSystem.parent(of: path))
  }

  /// Moves it back, and takes the mark away.
  func undo(in directory: String) throws(SystemError) {
    // The log before the file that needs it.
    for suffix in Self.suffixes.reversed() where FileStatus(of: "\(folder)/predictions.db\(suffix)") != nil {
      try FileSystem.rename("\(folder)/predictions.db\(suffix)", to: path + suffix)
    }
    try FileSystem.syncFolder(FileSystem.parent(of: path))
    rmdir(folder)
    try remove(in: directory)
  }

  func remove(in directory: String) throws(SystemError) {
    unlink(Self.file(in: directory))
    try FileSystem.syncFolder(directory)
  }
}
