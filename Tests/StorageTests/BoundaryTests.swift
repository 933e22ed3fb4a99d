import Encoding
import Predictions
import PredictionsTestSupport
import Testing

@testable import Storage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Links, replaced directories and changed files, while outputs are saved and read.
@Suite("The boundary of files")
struct BoundaryTests {
  private let folder = TemporaryFolder()
  private var out: String { folder.path + "/out" }
  private var secret: String { folder.path + "/secret" }

  /// A store whose agents may use `out`, which exists unless `makes` is false.
  private func store(walks: Bool = false, usesLinks: Bool = true, makes: Bool = true) throws -> FileOutputStore {
    if makes { try FileSystem.makeFolder(out) }
    try FileSystem.makeFolder(secret)
    return FileOutputStore(
      limit: 1 << 20, agents: AgentDirectories(outputDirectory: out, walks: walks), usesLinks: usesLinks)
  }

  private func prediction(_ path: String, name: String? = "fox") -> Prediction {
    var prediction = Prediction.sample(folder: path, name: name)
    prediction.epoch = 1
    prediction.origin = .mcp
    return prediction
  }

  private func save(_ store: FileOutputStore, _ prediction: Prediction, _ meanwhile: () throws -> Void = {}) throws
    -> OutputFile
  {
    let batch = FileOutputBatch(prediction, in: store)
    let writer = try batch.writer(index: 1)
    defer { writer.discard() }
    try writer.write(Sample.png().span)
    try writer.finish(FormatHint())
    try meanwhile()
    return try #require(try batch.place().first)
  }

  private func names(_ path: String) -> [String] { FileSystem.names(in: path).sorted() }

  private func mode(_ path: String) -> mode_t {
    var status = stat()
    return lstat(path, &status) == 0 ? status.st_mode & 0o7777 : 0
  }

  // MARK: Links

  @Test(arguments: [false, true]) func agentWritesNothingThroughALink(walks: Bool) throws {
    let store = try store(walks: walks)
    symlink("../secret", out + "/link")
    try FileSystem.makeFolder(out + "/deep")
    symlink("../../secret", out + "/deep/link")
    symlink(folder.path + "/nowhere", out + "/dangling")
    for path in ["/link", "/link/below", "/deep/link", "/deep/link/below", "/dangling"] {
      #expect(throws: OutputError.self) { try store.prepare(out + path, for: .mcp) }
      #expect(throws: OutputError.self) { try save(store, prediction(out + path)) }
    }
    #expect(names(secret).isEmpty && FileStatus(of: folder.path + "/nowhere") == nil)
    // A plain client may use its own links.
    var plain = prediction(out + "/link")
    plain.origin = nil
    #expect(try save(store, plain).path == out + "/link/fox.png")
    #expect(names(secret) == ["fox.png"])
  }

  @Test(arguments: [false, true]) func missingDirectoriesAreCreated(walks: Bool) throws {
    let store = try store(walks: walks, makes: false)
    let path = out + "/a/b"
    #expect(try store.prepare(path, for: .mcp) == realpath(path))
    #expect(try save(store, prediction(path)).path == path + "/fox.png")
    // Also after the user has removed the directory.
    TemporaryFolder.remove(out)
    #expect(try save(store, prediction(path)).path == path + "/fox.png")
    #expect(names(path) == ["fox.png"])
  }

  @Test func aPathOutsideIsRefusedIfItHasALink() throws {
    let store = try store()
    // The directory of another session, recorded as a real path: this process may save there.
    #expect(try save(store, prediction(secret)).path == secret + "/fox.png")
    symlink(secret, folder.path + "/alias")
    #expect(throws: OutputError.self) { try save(store, prediction(folder.path + "/alias")) }
    #expect(throws: OutputError.self) { try save(store, prediction(out + "/../secret")) }
    #expect(names(secret) == ["fox.png"])
  }

  @Test func directoriesAreRecordedByTheirRealPath() throws {
    try FileSystem.makeFolder(out)
    symlink("out", folder.path + "/spelled")
    let agents = AgentDirectories(outputDirectory: folder.path + "/spelled")
    let store = FileOutputStore(agents: agents)
    #expect(try store.prepare(folder.path + "/spelled/a", for: .mcp) == realpath(out + "/a"))
    let described = try #require(agents.described.first)
    #expect(described.path == folder.path + "/spelled" && described.realPath == realpath(out))
    // Changing the link later changes nothing.
    try FileSystem.makeFolder(secret)
    unlink(folder.path + "/spelled")
    symlink("secret", folder.path + "/spelled")
    #expect(try save(store, prediction(realpath(out))).path == realpath(out) + "/fox.png")
    #expect(names(secret).isEmpty)
  }

  // MARK: Races

  @Test(arguments: [false, true]) func aDirectoryReplacedDuringASaveGetsNoFile(usesLinks: Bool) throws {
    let store = try store(usesLinks: usesLinks)
    for origin in [PredictionOrigin.mcp, nil] {
      let path = out + "/in"
      var prediction = prediction(path)
      prediction.origin = origin
      #expect(throws: OutputError.self) {
        try save(store, prediction) {
          try FileSystem.rename(path, to: out + "/moved")
          symlink(secret, path)
        }
      }
      // Neither there nor under another name.
      #expect(names(secret).isEmpty && names(out + "/moved").isEmpty)
      unlink(path)
      rmdir(out + "/moved")
    }
  }

  @Test func aReplacedRootIsRefused() throws {
    let store = try store()
    try FileSystem.rename(out, to: folder.path + "/old")
    try FileSystem.rename(secret, to: out)
    #expect(throws: OutputError.folder(path: out, reason: "it was moved or replaced")) {
      try store.prepare(out, for: .mcp)
    }
    #expect(throws: OutputError.self) { try save(store, prediction(out)) }
    #expect(names(out).isEmpty && names(folder.path + "/old").isEmpty)
  }

  @Test(arguments: [false, true]) func aTemporaryFileReplacedByALinkIsNotPlaced(usesLinks: Bool) throws {
    let store = try store(usesLinks: usesLinks)
    let key = secret + "/key"
    try write(Array("secret".utf8), to: key)
    for makeAlias in [{ symlink(key, $0) }, { link(key, $0) }] as [(String) -> Int32] {
      #expect(throws: OutputError.self) {
        try save(store, prediction(out)) {
          let part = out + "/" + (try #require(names(out).first { $0.hasSuffix(".part") }))
          unlink(part)
          #expect(makeAlias(part) == 0)
        }
      }
      #expect(!names(out).contains("fox.png"))
      #expect(contents(of: key) == Array("secret".utf8))
      TemporaryFolder.remove(out)
      try FileSystem.makeFolder(out)
    }
  }

  // MARK: What has the final name

  @Test(arguments: [false, true]) func nothingUnderTheFinalNameIsOpenedOrReplaced(usesLinks: Bool) throws {
    let store = try store(usesLinks: usesLinks)
    let key = secret + "/key"
    try write(Array("secret".utf8), to: key)
    let name = out + "/fox.png"
    let obstacles: [(String, () throws -> Void)] = [
      ("a link", { symlink(key, name) }), ("a link to nowhere", { symlink(secret + "/none", name) }),
      ("a hard link", { link(key, name) }), ("a pipe", { mkfifo(name, 0o600) }),
      ("a directory", { try FileSystem.makeFolder(name) }),
    ]
    for (what, makeObstacle) in obstacles {
      try makeObstacle()
      var prediction = prediction(out)
      // As after a crash, when an equal file there would be ours.
      prediction.epoch = 2
      let before = FileStatus(of: "fox.png", in: try Directory(at: out))
      #expect(try save(store, prediction).path == out + "/fox_2.png", "\(what)")
      #expect(FileStatus(of: "fox.png", in: try Directory(at: out))?.identity == before?.identity, "\(what)")
      #expect(names(secret) == ["key"] && contents(of: key) == Array("secret".utf8), "\(what)")
      TemporaryFolder.remove(out)
      try FileSystem.makeFolder(out)
    }
  }

  // MARK: Reading

  @Test func aChangedFileIsNotRead() throws {
    let store = try store()
    let file = try save(store, prediction(out + "/in"))
    #expect(try store.contents(of: file, for: .mcp) == Sample.png())
    var forged = Sample.png()
    forged[forged.count - 1] ^= 1
    try write(forged, to: secret + "/forged")
    try write(Sample.png(), to: secret + "/fox.png")
    let swaps: [(String, () throws -> Void)] = [
      ("other bytes of the same length", { try write(forged, to: file.path) }),
      ("a link, even to equal bytes", { symlink(secret + "/fox.png", file.path) }),
      ("a hard link to other bytes", { link(secret + "/forged", file.path) }), ("a pipe", { mkfifo(file.path, 0o600) }),
      ("a directory", { try FileSystem.makeFolder(file.path) }), ("nothing", {}),
    ]
    for (what, swap) in swaps {
      TemporaryFolder.remove(file.path)
      try swap()
      // The files of plain clients are not hashed at each read.
      for origin in what.contains("other bytes") ? [PredictionOrigin.mcp] : [.mcp, nil] {
        #expect(throws: OutputError.self, "\(what)") { try store.contents(of: file, for: origin) }
        #expect(throws: OutputError.self, "\(what)") { try store.read(file, for: origin) { _ in } }
      }
      // It is not removed either.
      #expect(store.remove([file], for: .mcp) == (what == "nothing" ? [] : [file.path]), "\(what)")
    }
    // The directory above it: followed for a plain client, not for an agent.
    TemporaryFolder.remove(out + "/in")
    symlink(secret, out + "/in")
    #expect(throws: OutputError.self) { try store.contents(of: file, for: .mcp) }
    #expect(store.remove([file], for: .mcp) == [file.path])
    #expect(try store.contents(of: file, for: nil) == Sample.png())
  }

  // MARK: Modes

  /// Under several umasks: test_boundary.py, since a process has only one.
  @Test(arguments: [true, false]) func modesFollowTheUmaskInDirectoriesOfTheUser(usesLinks: Bool) throws {
    // As for any program.
    close(open(folder.path + "/usual", O_WRONLY | O_CREAT, 0o666))
    mkdir(folder.path + "/usual-directory", 0o777)
    let usual = (file: mode(folder.path + "/usual"), directory: mode(folder.path + "/usual-directory"))
    let state = folder.path + "/state"
    let store = FileOutputStore(privateDirectory: state, usesLinks: usesLinks)
    for (path, wanted) in [
      (folder.path + "/web/a", usual), (state + "/outputs/a", (file: 0o600, directory: 0o700)), (state + "-2/a", usual),
    ] {
      for origin in [PredictionOrigin.mcp, nil] {
        var prediction = prediction(path, name: origin?.rawValue ?? "plain")
        prediction.origin = origin
        #expect(mode(try save(store, prediction).path) == wanted.file, "\(path)")
        #expect(mode(path) == wanted.directory && mode(FileSystem.parent(of: path)) == wanted.directory, "\(path)")
      }
    }
  }

  // MARK: Files of the state

  @Test func aLinkInPlaceOfTheLockFileIsNotFollowed() throws {
    let state = folder.path + "/state"
    try FileSystem.makeFolder(state)
    try write([1], to: folder.path + "/theirs")
    chmod(folder.path + "/theirs", 0o644)
    for lock in [{ symlink(folder.path + "/theirs", $0) }, { mkfifo($0, 0o600) }] as [(String) -> Int32] {
      #expect(lock(state + "/table.lock") == 0)
      #expect(throws: StoreError.self) { try TablePredictionStore(directory: state, time: ManualTime()) }
      #expect(mode(folder.path + "/theirs") == 0o644)
      unlink(state + "/table.lock")
    }
  }

  @Test func onlyARegularFileIsRead() throws {
    let path = folder.path + "/key"
    mkfifo(path, 0o600)
    #expect(throws: SystemError.notRegular) { try Descriptor(reading: path) }
    #expect(throws: SystemError.notRegular) { try Descriptor(reading: folder.path) }
    #expect(FileSystem.read(path) == nil)
    symlink("/etc/hostname", folder.path + "/link")
    #expect(throws: SystemError(code: ELOOP)) { try Descriptor(reading: folder.path + "/link") }
    #expect(FileSystem.read(folder.path + "/link", followsLink: true) != nil)
    // A link to a file is read, a pipe is not; a file that is too long is refused, not cut.
    #expect(try RegularFile.contents(of: folder.path + "/link", atMost: 4096) == contents(of: "/etc/hostname"))
    #expect(throws: RegularFile.Failure(isMissing: false, reason: "it has more than 1 bytes")) {
      try RegularFile.contents(of: folder.path + "/link", atMost: 1)
    }
    #expect(throws: RegularFile.Failure(isMissing: false, reason: "it is not a regular file")) {
      try RegularFile.contents(of: path, atMost: 4096)
    }
    #expect { try RegularFile.contents(of: folder.path + "/none", atMost: 1) } throws: { error in
      (error as? RegularFile.Failure)?.isMissing == true
    }
  }
}

private func realpath(_ path: String) -> String {
  guard let real = realpath(path, nil) else { return "" }
  defer { free(real) }
  return String(cString: real)
}
