import Testing

@testable import Commands

@Suite struct InvocationTests {
  private func read(_ line: String...) throws -> Invocation { try Invocation(line, of: .all) }

  private func refusal(_ line: String...) -> String? {
    do throws(UsageError) {
      _ = try Invocation(line, of: .all)
      return nil
    } catch {
      return error.message
    }
  }

  @Test func withoutACommandItServes() throws {
    let invocation = try read()
    #expect(invocation.command.name == "serve")
    #expect(!invocation.isNamed)
    #expect(try read("--provider", "sandbox").value("--provider") == "sandbox")
    #expect(try read("--stdio", "--clientProcessId=17").number("--clientProcessId") == 17)
  }

  @Test func optionsStandAnywhereAndInEitherSpelling() throws {
    let invocation = try read("generate", "-m", "a/b", "a fox", "--set=size=1x1", "-s", "n=2", "--json")
    #expect(invocation.operands == ["a fox"])
    #expect(invocation.value("--model") == "a/b")
    #expect(invocation.values("--set") == ["size=1x1", "n=2"])
    #expect(invocation.has("--json") && !invocation.has("--quiet"))
  }

  @Test func twoDashesEndTheOptions() throws {
    #expect(try read("generate", "--", "--json").operands == ["--json"])
    #expect(try read("generate", "-").operands == ["-"])
  }

  @Test func helpAndVersionNeedNoOtherArgument() throws {
    #expect(try read("generate", "--help").action == .help)
    #expect(try read("help", "list").command.name == "list")
    #expect(try read("help").action == .help)
    #expect(try read("--version").action == .version)
  }

  @Test func anErrorNamesTheArgument() {
    #expect(
      refusal("generat")
        == "There is no command \"generat\". Did you mean \"generate\"? See imagewire --help.")
    #expect(refusal("frobnicate")?.contains("Did you mean") == false)
    #expect(
      refusal("generate")
        == "PROMPT is missing: description of the image; - reads it from standard input. See imagewire generate --help."
    )
    #expect(
      refusal("generate", "a", "fox")?.contains(
        "\"fox\" is not expected. Quote an argument that contains spaces.") == true)
    #expect(
      refusal("--provider", "sandbox", "generate", "a")
        == "The command goes before its options: imagewire generate … See imagewire --help.")
    #expect(
      refusal("generate", "a", "--modle", "x")?.hasPrefix("There is no option --modle. Did you mean --model?") == true)
    #expect(
      refusal("list", "--limit", "0")?.hasPrefix("--limit must be a number from 1 to 1000000, not \"0\".") == true)
    #expect(
      refusal("prune")?.hasPrefix("--older-than is missing: age in hours (12h), days (90d) or weeks (8w)") == true)
    #expect(
      refusal("prune", "--older-than", "90")?.hasPrefix("--older-than must be an age such as 12h, 90d or 8w") == true)
    #expect(refusal("list", "--limit")?.hasPrefix("--limit needs a value") == true)
    #expect(refusal("list", "--status", "done")?.contains("cancelled or unknown, not \"done\"") == true)
    #expect(refusal("list", "--json=yes")?.hasPrefix("--json takes no value.") == true)
    #expect(refusal("completions", "tcsh")?.hasPrefix("SHELL must be bash, zsh or fish, not \"tcsh\".") == true)
  }

  @Test func deleteTakesSeveralIDs() throws {
    #expect(try read("delete", "a", "b", "c").operands == ["a", "b", "c"])
    #expect(refusal("status", "a", "b") != nil)
  }
}

@Suite struct OutputTargetTests {
  @Test(arguments: [
    ("/a/fox.png", "/a", "fox"), ("/a/fox.JPEG", "/a", "fox"), ("/fox", "/", "fox"), ("/a/v1.2", "/a", "v1.2"),
    ("/a/.png", "/a", ".png"), ("/a/fox.mp4", "/a", "fox"), ("/a/fox.tar.GZ", "/a", "fox.tar"), ("/a/x.glb", "/a", "x"),
    ("/a/fox.final", "/a", "fox.final"),
  ]) func aFileHasAFolderAndAName(path: String, folder: String, stem: String) {
    let target = OutputTarget(path, isFolder: { _ in false })
    #expect(target.folder == folder)
    #expect(target.stem == stem)
  }

  @Test func aFolderHasNoFileName() {
    #expect(OutputTarget("/a/b/", isFolder: { _ in false }).stem == nil)
    let target = OutputTarget("/a/b.png", isFolder: { $0 == "/a/b.png" })
    #expect(target.folder == "/a/b.png" && target.stem == nil)
  }
}
