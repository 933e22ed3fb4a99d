import Predictions
import Testing

@testable import Storage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Which files agents may read.
@Suite("The inputs of agents")
struct AgentInputsTests {
  private let folder = TemporaryFolder()
  private var allowed: String { folder.path + "/in" }
  private static let image = Array("GIF89a and more".utf8)

  private func prepare() throws {
    for path in ["/in/deep", "/out", "/in/state/outputs"] { try FileSystem.makeFolder(folder.path + path) }
    for path in ["/in/a.gif", "/in/deep/b.gif", "/out/secret.gif", "/in/state/outputs/c.gif"] {
      try write(Self.image, to: folder.path + path)
    }
    symlink("../out/secret.gif", allowed + "/link.gif")
    symlink("a.gif", allowed + "/inner.gif")
    symlink("../out", allowed + "/away")
    symlink("in", folder.path + "/alias")
    mkfifo(allowed + "/pipe.gif", 0o600)
    try write([], to: allowed + "/empty.gif")
    try write(Array("PASSWORD=x".utf8), to: allowed + "/env.gif")
  }

  private func open(
    _ path: String, _ inputs: AgentInputs, isNew: Bool = true
  ) -> Result<String, InputError> {
    Result { () throws(InputError) in
      try FileInputStore(agents: inputs).openForAgent(path, isNew: isNew, atMost: 15).path
    }
  }

  @Test(arguments: [false, true]) func onlyImagesBelowAnAllowedDirectory(walks: Bool) throws {
    try prepare()
    let inputs = AgentInputs([allowed], stateDirectory: allowed + "/state", walks: walks)
    let real = realpath(allowed)
    #expect(open(allowed + "/a.gif", inputs) == .success(real + "/a.gif"))
    #expect(open(allowed + "//./deep/b.gif", inputs) == .success(real + "/deep/b.gif"))
    for path in [
      folder.path + "/out/secret.gif", allowed + "/../out/secret.gif", allowed + "/deep/../../out/secret.gif", allowed,
      "/",
      "", "a.gif", allowed + "x/a.gif", allowed + "/state/outputs/c.gif", "/etc/passwd", allowed + "/a.gif\0.png",
      folder.path + "/alias/a.gif",
    ] {
      #expect(open(path, inputs) == .failure(.outside), "\(path)")
    }
    #expect(open(allowed + "/link.gif", inputs) == .failure(.link))
    #expect(open(allowed + "/inner.gif", inputs) == .failure(.link))
    #expect(throws: InputError.self) { try open(allowed + "/away/secret.gif", inputs).get() }
    #expect(open(allowed + "/pipe.gif", inputs) == .failure(.notAFile))
    #expect(open(allowed + "/deep", inputs) == .failure(.notAFile))
    #expect(open(allowed + "/empty.gif", inputs) == .failure(.empty))
    #expect(open(allowed + "/env.gif", inputs) == .failure(.notAnImage))
    #expect(throws: InputError.self) { try open(allowed + "/none.gif", inputs).get() }
    try write(Self.image + [0], to: allowed + "/large.gif")
    #expect(open(allowed + "/large.gif", inputs) == .failure(.tooLarge(limit: 15)))
    // Without a directory nothing may be read.
    #expect(open(allowed + "/a.gif", AgentInputs()) == .failure(.outside))
  }

  @Test(arguments: [false, true]) func whatWasNamedIsOpenedByAnyProcessButNotThroughALink(walks: Bool) throws {
    try prepare()
    let other = AgentInputs([folder.path + "/out"], walks: walks)
    let real = realpath(allowed)
    #expect(open(real + "/a.gif", other, isNew: false) == .success(real + "/a.gif"))
    #expect(open(real + "/link.gif", other, isNew: false) == .failure(.link))
    #expect(throws: InputError.self) { try open(real + "/away/secret.gif", other, isNew: false).get() }
    #expect(open(real + "/../out/secret.gif", other, isNew: false) == .failure(.outside))
  }

  @Test func aDirectoryIsAllowedUnderTheNameThatTheUserGave() throws {
    try prepare()
    let inputs = AgentInputs([folder.path + "/alias"])
    let real = realpath(allowed)
    for path in [folder.path + "/alias/a.gif", real + "/a.gif"] {
      #expect(open(path, inputs) == .success(real + "/a.gif"))
    }
    // Changing the link later changes nothing.
    unlink(folder.path + "/alias")
    symlink("out", folder.path + "/alias")
    #expect(throws: InputError.self) { try open(folder.path + "/alias/secret.gif", inputs).get() }
  }

  @Test(arguments: [false, true]) func aDirectoryThatReplacedOneIsRefused(walks: Bool) throws {
    try prepare()
    let inputs = AgentInputs([allowed], walks: walks)
    try FileSystem.rename(allowed, to: folder.path + "/moved")
    #expect(throws: InputError.self) { try open(allowed + "/a.gif", inputs).get() }
    symlink("out", allowed)
    #expect(throws: InputError.self) { try open(allowed + "/secret.gif", inputs).get() }
    unlink(allowed)
    try FileSystem.rename(folder.path + "/moved", to: allowed)
    #expect(throws: Never.self) { try open(allowed + "/a.gif", inputs).get() }
  }

  @Test func aDirectoryMayBeMadeLater() throws {
    let inputs = AgentInputs([allowed])
    #expect(inputs.missing.map(\.path) == [allowed])
    #expect(throws: InputError.self) { try open(allowed + "/a.gif", inputs).get() }
    try prepare()
    #expect(inputs.missing.isEmpty)
    #expect(throws: Never.self) { try open(allowed + "/a.gif", inputs).get() }
  }

  @Test func aDirectoryInTheStateDirectoryIsAllowedIfTheUserNamesIt() throws {
    try prepare()
    let inputs = AgentInputs([allowed + "/state/outputs", allowed], stateDirectory: allowed + "/state")
    #expect(throws: Never.self) { try open(allowed + "/state/outputs/c.gif", inputs).get() }
    #expect(throws: Never.self) { try open(allowed + "/a.gif", inputs).get() }
  }

  @Test func noRootIsAdoptedInTheStateDirectoryOrWithoutAHomeDirectory() throws {
    try prepare()
    let (state, home) = (allowed + "/state", folder.path + "/home")
    let inputs = AgentInputs(stateDirectory: state, homes: { [home] })
    #expect(
      inputs.adopt([state, state + "/outputs", folder.path + "/alias/state", allowed]) == [
        state, state + "/outputs", folder.path + "/alias/state",
      ])
    #expect(open(state + "/outputs/c.gif", inputs) == .failure(.outside))
    #expect(AgentInputs().adopt([allowed]) == [allowed])
  }

  @Test func rootsAreAdoptedUnlessTheyHoldTheHomeDirectory() throws {
    try prepare()
    let inputs = AgentInputs([folder.path + "/out"], homes: { [allowed] in [allowed + "/deep"] })
    let nowhere = folder.path + "/nowhere"
    #expect(
      inputs.adopt(["/", folder.path, allowed, allowed + "/deep", nowhere]) == [
        "/", folder.path, allowed, allowed + "/deep", nowhere,
      ])
    #expect(inputs.adopt([allowed + "/state"]).isEmpty)
    #expect(throws: Never.self) { try open(allowed + "/state/outputs/c.gif", inputs).get() }
    #expect(throws: Never.self) { try open(folder.path + "/out/secret.gif", inputs).get() }
    // Later ones replace them; what the user allowed stays.
    #expect(inputs.adopt([]).isEmpty)
    #expect(open(allowed + "/state/outputs/c.gif", inputs) == .failure(.outside))
    #expect(throws: Never.self) { try open(folder.path + "/out/secret.gif", inputs).get() }
  }
}

private func realpath(_ path: String) -> String {
  guard let real = realpath(path, nil) else { return path }
  defer { free(real) }
  return String(cString: real)
}
