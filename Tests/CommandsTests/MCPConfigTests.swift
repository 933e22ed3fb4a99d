import JSON
import Testing

@testable import Commands

@Suite("mcp-config: the configuration of hosts")
struct MCPConfigTests {
  private static let entry = MCPServerEntry(name: "imagewire", program: "/opt/bin/imagewire", outputDirectory: nil)

  private func file(_ host: MCPHost) -> MCPConfigFile { MCPConfigFile(of: host, listing: Self.entry) }

  private func added(_ host: MCPHost, to old: String?) throws -> String {
    String(decoding: try file(host).adding(to: old.map { Array($0.utf8) }), as: UTF8.self)
  }

  private func refusal(_ host: MCPHost, _ old: String) -> MCPConfigFile.Refusal? {
    do throws(MCPConfigFile.Refusal) {
      _ = try file(host).adding(to: Array(old.utf8))
      return nil
    } catch { return error }
  }

  private func reason(_ host: MCPHost, _ old: String) -> String {
    if case .unusable(let reason) = refusal(host, old) { reason } else { "" }
  }

  // MARK: - All hosts

  @Test("without a file, or in an empty one, the server is alone", arguments: MCPHost.allCases)
  func alone(host: MCPHost) throws {
    let text = "\(file(host).alone)\n"
    #expect(text.contains("/opt/bin/imagewire") && text.contains("\"mcp\""))
    #expect(try added(host, to: nil) == text)
    #expect(try added(host, to: " \n\t\r\n") == text)
  }

  @Test("the second time nothing changes", arguments: MCPHost.allCases)
  func twice(host: MCPHost) throws {
    let once = try added(host, to: nil)
    #expect(try added(host, to: once) == once)
    let beside: String =
      switch host.format {
      case .json: #"{"theme":"dark"}"#
      case .tables, .arrayOfTables: "theme = \"dark\""
      case .mapping: "theme: dark"
      }
    let more = try added(host, to: beside)
    #expect(more != once && more.contains("theme"))
    #expect(try added(host, to: more) == more)
  }

  @Test("a server of that name with another program is not replaced", arguments: MCPHost.allCases)
  func taken(host: MCPHost) throws {
    let other = MCPServerEntry(name: "imagewire", program: "/old/imagewire", outputDirectory: nil)
    let old = try MCPConfigFile(of: host, listing: other).adding(to: nil)
    #expect(refusal(host, String(decoding: old, as: UTF8.self)) == .taken)
    let second = MCPServerEntry(name: "second", program: "/opt/bin/imagewire", outputDirectory: nil)
    let both = String(decoding: try MCPConfigFile(of: host, listing: second).adding(to: old), as: UTF8.self)
    #expect(both.contains("/old/imagewire") && both.contains("/opt/bin/imagewire"))
  }

  @Test("an output directory is an argument")
  func outputDirectory() {
    let entry = MCPServerEntry(name: "imagewire", program: "/i", outputDirectory: "/home/ada/My \"images\"")
    let json = try? JSONValue(parsing: MCPConfigFile(of: .cursor, listing: entry).alone)
    #expect(json?["mcpServers"]?["imagewire"]?["args"] == ["mcp", "--output-dir", "/home/ada/My \"images\""])
    #expect(
      MCPConfigFile(of: .codex, listing: entry).alone.contains(
        #"args = ["mcp", "--output-dir", "/home/ada/My \"images\"", "--allow-output", "."]"#))
  }

  @Test("a host that starts servers in the project lets agents save there", arguments: MCPHost.allCases)
  func project(host: MCPHost) {
    #expect(file(host).alone.contains("--allow-output") == [.claudeCode, .codex].contains(host))
  }

  @Test("the file is where the host looks for it")
  func places() {
    func places(_ host: MCPHost, _ variables: [String: String] = [:], isMac: Bool = false) -> [String] {
      host.places(home: "/home/ada", variables: variables, isMac: isMac)
    }
    #expect(places(.claudeCode) == ["/home/ada/.claude.json"])
    #expect(places(.claudeCode, ["CLAUDE_CONFIG_DIR": "/c"]) == ["/c/.claude.json"])
    #expect(places(.codex, ["CODEX_HOME": "/c"]) == ["/c/config.toml"])
    #expect(places(.vibe) == ["/home/ada/.vibe/config.toml"])
    #expect(places(.zed, ["XDG_CONFIG_HOME": "/x"]) == ["/x/zed/settings.json"])
    #expect(places(.zed, ["XDG_CONFIG_HOME": "x"]) == ["/home/ada/.config/zed/settings.json"])
    #expect(places(.vscode, isMac: true) == ["/home/ada/Library/Application Support/Code/User/mcp.json"])
    #expect(
      places(.opencode) == [
        "/home/ada/.config/opencode/opencode.json", "/home/ada/.config/opencode/opencode.jsonc",
      ])
  }

  @Test("names that a host or a tool's name cannot have are refused")
  func names() {
    #expect(["imagewire", "a", "my-images_2"].allSatisfy(MCPServerEntry.isName))
    #expect(!["", "a b", "a.b", "é", "A", String(repeating: "a", count: 33)].contains(where: MCPServerEntry.isName))
    #expect(
      MCPServerEntry.isPath("/home/ada/Ä b") && !MCPServerEntry.isPath("/a\nb") && !MCPServerEntry.isPath("/a\u{7F}"))
  }

  // MARK: - JSON

  @Test("everything else in a JSON file stays as it is, byte for byte")
  func jsonStays() throws {
    let old = """
      {
          "numbers": [1.0, 1e5,   12345678901234567890],
          "escape": "\\u00e9\\/",
          "mcpServers": {
              "other": { "command": "x" }
          },
          "last": null
      }

      """
    let servers = """
              "other": { "command": "x" },
              "imagewire": {
                  "command": "/opt/bin/imagewire",
                  "args": ["mcp"]
              }
      """
    let kept = #"        "other": { "command": "x" }"#
    #expect(try added(.windsurf, to: old) == old.replacingFirst(kept, with: servers))
  }

  @Test(
    "a member finds its place in every layout",
    arguments: [
      (
        #"{}"#,
        "{\n  \"mcpServers\": {\n    \"imagewire\": {\n      \"command\": \"/opt/bin/imagewire\",\n      \"args\": [\"mcp\"]\n    }\n  }\n}"
      ),
      (#"{"a":1}"#, #"{"a":1, "mcpServers": {"imagewire":{"command":"/opt/bin/imagewire","args":["mcp"]}}}"#),
      (
        #"{"mcpServers":{},"a":1}"#,
        #"{"mcpServers":{"imagewire": {"command":"/opt/bin/imagewire","args":["mcp"]}},"a":1}"#
      ),
      (
        "{\n\t\"mcpServers\": {}\n}",
        "{\n\t\"mcpServers\": {\n\t\t\"imagewire\": {\n\t\t\t\"command\": \"/opt/bin/imagewire\",\n\t\t\t\"args\": [\"mcp\"]\n\t\t}\n\t}\n}"
      ),
      (
        "{\r\n  \"a\": 1\r\n}\r\n",
        "{\r\n  \"a\": 1,\r\n  \"mcpServers\": {\r\n    \"imagewire\": {\r\n      \"command\": \"/opt/bin/imagewire\",\r\n      \"args\": [\"mcp\"]\r\n    }\r\n  }\r\n}\r\n"
      ),
      (
        "\u{FEFF}{\"a\":1}",
        "\u{FEFF}{\"a\":1, \"mcpServers\": {\"imagewire\":{\"command\":\"/opt/bin/imagewire\",\"args\":[\"mcp\"]}}}"
      ),
    ])
  func layouts(old: String, new: String) throws {
    #expect(try added(.windsurf, to: old) == new)
  }

  @Test("of several members of one name the last counts, as for common parsers")
  func repeated() throws {
    let new = try added(.windsurf, to: #"{"mcpServers":{"a":{}},"mcpServers":{"b":{}}}"#)
    #expect(new.hasPrefix(#"{"mcpServers":{"a":{}},"mcpServers":{"b":{}, "imagewire""#))
  }

  @Test("fields that the user added to the server do not matter")
  func extraFields() throws {
    let old = #"{"mcpServers":{"imagewire":{"args":["mcp"],"command":"/opt/bin/imagewire","env":{"A":"b"}}}}"#
    #expect(try added(.windsurf, to: old) == old)
  }

  @Test(
    "JSON that is broken or has comments is refused, with the line",
    arguments: [
      ("{\n  // servers\n  \"a\": 1\n}", "(line 2)"), ("{\n  \"a\": 1,\n}", "(line 3)"), ("{\"a\": ", "(line 1)"),
      ("nonsense", "(line 1)"), ("{\"a\": 1} {}", "(line 1)"),
    ])
  func notJSON(old: String, line: String) {
    #expect(reason(.vscode, old).contains("is not plain JSON \(line)"))
  }

  @Test("a document or member of another kind is refused")
  func kinds() {
    #expect(reason(.cursor, "[]") == "is not a JSON object.")
    #expect(reason(.cursor, #"{"mcpServers": []}"#) == "has a member mcpServers that is not an object.")
  }

  @Test("opencode's servers of either version")
  func opencode() throws {
    let first = try JSONValue(parsing: try added(.opencode, to: #"{"mcp":{"a":{"type":"local","command":["a"]}}}"#))
    #expect(first["mcp"]?["imagewire"]?["command"] == ["/opt/bin/imagewire", "mcp"])
    #expect(first["mcp"]?["imagewire"]?["timeout"] == 600_000)
    let second = try JSONValue(parsing: try added(.opencode, to: #"{"mcp":{"servers":{"a":{"type":"local"}}}}"#))
    #expect(second["mcp"]?["servers"]?["imagewire"]?["timeout"] == ["execution": 600_000])
    #expect(second["mcp"]?["imagewire"] == nil)
  }

  // MARK: - TOML

  private let codex =
    "[mcp_servers.imagewire]\ncommand = \"/opt/bin/imagewire\"\nargs = [\"mcp\", \"--allow-output\", \".\"]\n"
    + "tool_timeout_sec = 600\n"

  @Test(
    "a table is appended to any TOML",
    arguments: [
      "model = \"x\"\n", "[a]\nb = 1", "# only a comment\n", "[mcp_servers.other]\ncommand = \"x\"\n",
      "a = \"\"\"\n[mcp_servers.imagewire]\n\"\"\"\n", "a = '''\n[mcp_servers.imagewire]'''\n",
      "[mcp_servers]\nother = { command = \"x\", args = [\"]\", '}'] }\n", "a.b.\"c d\" = [\n  1, # one\n  2,\n]\n",
      "d = 1979-05-27 07:32:00Z # when\nt = 07:32:00\nf = +1_000.5e-3\ni = -inf\nb = true\n", "[[a.b]]\n[[ a . b ]]\n",
      "mcp_servers.other.command = 'x'\n",
    ])
  func appended(old: String) throws {
    let gap = old.hasSuffix("\n") ? "\n" : "\n\n"
    #expect(try added(.codex, to: old) == old + gap + codex)
  }

  @Test(
    "another server of that name is seen in every spelling",
    arguments: [
      "[mcp_servers.\"imagewire\"]\ncommand = \"x\"\n", "[ mcp_servers . 'imagewire' ]\n",
      "[mcp_servers.imagewire.env]\nA = \"b\"\n", "mcp_servers.imagewire.command = \"x\"\n",
      "[mcp_servers]\nimagewire = { command = \"x\" }\n",
    ])
  func takenTable(old: String) {
    #expect(refusal(.codex, old) == .taken)
  }

  @Test("an inline table cannot be added to")
  func inlineTable() {
    #expect(reason(.codex, "mcp_servers = { other = { command = \"x\" } }\n").contains("no table can be added"))
    #expect(reason(.codex, "[[mcp_servers]]\nname = \"x\"\n").contains("no table can be added"))
  }

  @Test(
    "what is not TOML is refused, with the line",
    arguments: [
      ("a = 1\nb\n", 2), ("a = \"x\n", 1), ("[a\n", 1), ("a = nonsense\n", 1), ("a = [1, 2\n", 2), ("a = 1 2\n", 1),
      ("a = \"\"\"\nx\n", 3), ("{}\n", 1), ("a = {b = 1, c}\n", 1), ("a = 1\n= 2\n", 2), ("é = 1\n", 1),
      ("a = \(String(repeating: "[", count: 100))\n", 1), ("a = \"\\", 1),
    ])
  func notTOML(old: String, line: Int) {
    #expect(reason(.codex, old) == "cannot be read as TOML (line \(line)).")
    #expect(reason(.vibe, old) == "cannot be read as TOML (line \(line)).")
  }

  @Test("Vibe's servers are found by their names, and its empty list makes way")
  func vibe() throws {
    let block = file(.vibe).alone + "\n"
    let other = "[[mcp_servers]]\nname = \"other\"\ntransport = \"stdio\"\ncommand = \"x\"\n"
    #expect(try added(.vibe, to: other) == other + "\n" + block)
    #expect(refusal(.vibe, "[[mcp_servers]]\ntransport = \"http\"\nname = 'imagewire'\n") == .taken)
    #expect(
      try added(.vibe, to: "a = 1\nmcp_servers = [ ] # none\n[tools]\nb = 2\n") == "a = 1\n[tools]\nb = 2\n\n" + block)
    #expect(reason(.vibe, "mcp_servers = [{ name = \"x\" }]\n").contains("no table can be added"))
    #expect(reason(.vibe, "[mcp_servers]\n").contains("[[mcp_servers]]"))
    // Each of these makes mcp_servers a table, to which TOML lets nobody add elements.
    for closed in ["[mcp_servers.foo]\ncommand = \"x\"\n", "[[mcp_servers.x]]\n", "[a]\n[mcp_servers.x.y]\n"] {
      #expect(reason(.vibe, closed).contains("no table can be added"))
    }
    let withPart = other + "[mcp_servers.env]\nA = \"b\"\n"
    #expect(try added(.vibe, to: withPart) == withPart + "\n" + block)
    // A name elsewhere is not a server.
    #expect(try added(.vibe, to: "[[other]]\nname = \"imagewire\"\n").hasSuffix(block))
  }

  @Test("Vibe gets a program with a space as a list, since it splits strings")
  func vibeSpace() {
    let entry = MCPServerEntry(name: "imagewire", program: "/my apps/imagewire", outputDirectory: nil)
    #expect(MCPConfigFile(of: .vibe, listing: entry).alone.contains("command = [\"/my apps/imagewire\"]"))
  }

  // MARK: - YAML

  private func goose(_ indentation: String) -> String {
    """
    imagewire:
      enabled: true
      type: stdio
      name: imagewire
      cmd: "/opt/bin/imagewire"
      args: ["mcp"]
      env_keys: []
      envs: {}
      timeout: 600

    """.split(separator: "\n").map { "\(indentation)\($0)\n" }.joined()
  }

  @Test("an extension finds its place in every layout")
  func extensions() throws {
    #expect(try added(.goose, to: "a: 1\n") == "a: 1\n\nextensions:\n" + goose("  "))
    #expect(try added(.goose, to: "extensions: {}\na: 1\n") == "extensions:\n" + goose("  ") + "a: 1\n")
    #expect(try added(.goose, to: "extensions: # mine\na: 1") == "extensions: # mine\n" + goose("  ") + "a: 1")
    let wide = "---\nextensions:\n    # the first\n    other:\n        cmd: x\n\nb: |\n  imagewire:\n"
    #expect(try added(.goose, to: wide) == wide.replacingFirst("extensions:\n", with: "extensions:\n" + goose("    ")))
    #expect(
      try added(.goose, to: "extensions:\n  other:\n    imagewire: 1") == "extensions:\n" + goose("  ")
        + "  other:\n    imagewire: 1")
    #expect(
      try added(.goose, to: "list:\n- a\n- b: c\nflow: [\n  1\n]\n").hasSuffix("]\n\nextensions:\n" + goose("  ")))
  }

  @Test("another extension of that name is seen in every spelling")
  func takenExtension() {
    for name in ["imagewire", "\"imagewire\"", "'imagewire'"] {
      #expect(refusal(.goose, "extensions:\n  \(name):\n    cmd: x\n") == .taken)
    }
  }

  @Test(
    "extensions in another form are refused",
    arguments: [
      "extensions: {a: {}}\n", "extensions:\n- a\n", "extensions:\n  - a\n", "extensions: &x\n  a:\n",
      "extensions:\nextensions:\n",
    ])
  func otherExtensions(old: String) {
    #expect(reason(.goose, old).contains("no member can be added"))
  }

  @Test(
    "what is not one YAML mapping is refused, with the line",
    arguments: [
      ("nonsense\n", 1), ("a: 1\nb\n", 2), ("- a\n", 1), ("a: 1\n---\nb: 2\n", 2), ("  a: 1\n", 1), ("\ta: 1\n", 1),
      ("{a: 1}\n", 1), ("a: 1\n...\n", 2), ("a: 1\n]\n", 2), ("a: x\n- b\n", 2),
    ])
  func notYAML(old: String, line: Int) {
    #expect(reason(.goose, old) == "cannot be read as one YAML mapping (line \(line)).")
  }
}

extension String {
  /// The text with the first place of another one replaced.
  fileprivate func replacingFirst(_ old: String, with new: String) -> String {
    guard let start = indices.first(where: { self[$0...].hasPrefix(old) }) else { return self }
    return self[..<start] + new + self[index(start, offsetBy: old.count)...]
  }
}
