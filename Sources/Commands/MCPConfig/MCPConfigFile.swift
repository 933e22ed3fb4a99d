internal import JSON

/// The file of a host, to which the server is added. Every byte of it stays, unless `adding(to:)` says otherwise.
public struct MCPConfigFile: Sendable {
  /// Why the file was not changed; it continues a sentence after the file's name.
  public enum Refusal: Error, Equatable {
    /// It cannot be read, or the server has no place in it. The user can add it by hand.
    case unusable(String)
    /// It has another server of that name.
    case taken
  }

  private let host: MCPHost
  private let entry: MCPServerEntry

  /// The file of a host and the server that it shall list.
  public init(of host: MCPHost, listing entry: MCPServerEntry) {
    self.host = host
    self.entry = entry
  }

  /// A file that lists only this server, without a line break at its end.
  public var alone: String {
    switch host.format {
    case .json(let path):
      let list = JSONValue.object(JSONObject([(entry.name, entry.value(for: host))]))
      return path.reversed().reduce(list) { .object(JSONObject([($1, $0)])) }.indented
    case .tables, .arrayOfTables: return entry.lines(for: host).joined(separator: "\n")
    case .mapping: return (["extensions:"] + entry.lines(for: host).map { "  \($0)" }).joined(separator: "\n")
    }
  }

  /// The file with the server; the same bytes where it lists it already.
  ///
  /// - Parameter old: the file as it is; `nil` where there is none.
  public func adding(to old: [UInt8]?) throws(Refusal) -> [UInt8] {
    let old = old ?? []
    if old.allSatisfy({ [0x20, 0x09, 0x0A, 0x0D].contains($0) }) { return Array("\(alone)\n".utf8) }
    switch host.format {
    case .json(let path): return try addingMember(to: old, at: path)
    case .tables: return try addingTable(to: old)
    case .arrayOfTables: return try addingElement(to: old)
    case .mapping: return try addingExtension(to: old)
    }
  }

  // MARK: - JSON

  private func addingMember(to old: [UInt8], at path: [String]) throws(Refusal) -> [UInt8] {
    do throws(JSONInsertion.Failure) {
      let document = try JSONInsertion(old)
      if host == .opencode, let servers = document.root["mcp"]?["servers"], servers["command"] == nil {
        return try document.adding(entry.valueOfSecondVersion, named: entry.name, at: path + ["servers"])
      }
      return try document.adding(entry.value(for: host), named: entry.name, at: path)
    } catch {
      switch error {
      case .taken: throw .taken
      case .notJSON(let line):
        throw .unusable(
          "is not plain JSON (line \(line)). If it has comments or trailing commas, they would be lost: add the server "
            + "yourself.")
      case .notAnObject(let name):
        throw .unusable(name.map { "has a member \($0) that is not an object." } ?? "is not a JSON object.")
      }
    }
  }

  // MARK: - TOML

  private func outline(_ old: [UInt8]) throws(Refusal) -> TOMLOutline {
    do throws(TOMLOutline.Fault) {
      return try TOMLOutline(old)
    } catch {
      throw .unusable("cannot be read as TOML (line \(error.line)).")
    }
  }

  private func addingTable(to old: [UInt8]) throws(Refusal) -> [UInt8] {
    let outline = try outline(old)
    let path = ["mcp_servers", entry.name]
    if (outline.tables.map(\.path) + outline.keys.map(\.path)).contains(where: { $0.starts(with: path) }) {
      return try unchanged(old)
    }
    let isClosed =
      outline.keys.contains { $0.path == ["mcp_servers"] }
      || outline.tables.contains { $0.isElement && $0.path == ["mcp_servers"] }
    if isClosed { throw .unusable("has mcp_servers in a form that no table can be added to.") }
    return appending(to: old)
  }

  private func addingElement(to old: [UInt8]) throws(Refusal) -> [UInt8] {
    let outline = try outline(old)
    // A table below it makes it a table of its own, which no element can be added to.
    if let first = outline.tables.first(where: { $0.path.starts(with: ["mcp_servers"]) }), first.path.count > 1 {
      throw .unusable("has mcp_servers in a form that no table can be added to.")
    }
    for (number, table) in outline.tables.enumerated() where table.path == ["mcp_servers"] {
      guard table.isElement else { throw .unusable("has [mcp_servers] where it should have [[mcp_servers]].") }
      let isThis = outline.keys.contains {
        $0.table == number && $0.path == ["mcp_servers", "name"] && outline.string(at: $0.value) == entry.name
      }
      if isThis { return try unchanged(old) }
    }
    guard let list = outline.keys.first(where: { $0.path.starts(with: ["mcp_servers"]) && $0.table == nil }) else {
      return appending(to: old)
    }
    // The host writes an empty list into a new file, to which no table can be added.
    let text = String(decoding: old[list.value], as: UTF8.self).filter { !$0.isWhitespace }
    guard list.path == ["mcp_servers"], text == "[]" else {
      throw .unusable("has mcp_servers as one value, to which no table can be added.")
    }
    return appending(to: Array(old[..<list.line.lowerBound] + old[list.line.upperBound...]))
  }

  // MARK: - YAML

  private func addingExtension(to old: [UInt8]) throws(Refusal) -> [UInt8] {
    let outline: YAMLOutline
    do throws(YAMLOutline.Fault) {
      outline = try YAMLOutline(old)
    } catch {
      throw .unusable("cannot be read as one YAML mapping (line \(error.line)).")
    }
    let found = outline.keys.filter { $0.name == "extensions" }
    guard let extensions = found.first else { return appending(to: old, alone.split(separator: "\n").map(String.init)) }
    guard found.count == 1, let members = outline.members(of: extensions) else {
      throw .unusable("has extensions in a form that no member can be added to.")
    }
    if members.names.contains(entry.name) { return try unchanged(old) }
    let lines = entry.lines(for: host).map { members.indentation + $0 }
    let lineBreak = Self.lineBreak(of: old)
    // A line `extensions: {}` is replaced; the line of a block stays, with its comment.
    let head =
      extensions.rest.isEmpty ? old[extensions.line].filter { $0 != 0x0A && $0 != 0x0D } : Array("extensions:".utf8)
    let added = head + Array((lineBreak + lines.joined(separator: lineBreak) + lineBreak).utf8)
    return Array(old[..<extensions.line.lowerBound]) + added + Array(old[extensions.line.upperBound...])
  }

  // MARK: - Lines

  /// The file as it is, if it holds the lines of the server as they would be written.
  private func unchanged(_ old: [UInt8]) throws(Refusal) -> [UInt8] {
    func trimmed(_ line: some StringProtocol) -> String {
      String(line.drop { $0 == " " }.reversed().drop { $0.isWhitespace }.reversed())
    }
    let lines = String(decoding: old, as: UTF8.self).split(whereSeparator: \.isNewline).map(trimmed)
    let wanted = entry.lines(for: host).map(trimmed)
    let isThere = lines.indices.contains { lines[$0...].starts(with: wanted) }
    guard isThere else { throw .taken }
    return old
  }

  private func appending(to old: [UInt8], _ lines: [String]? = nil) -> [UInt8] {
    let lineBreak = Self.lineBreak(of: old)
    let lines = lines ?? entry.lines(for: host)
    let isEmpty = old.isEmpty
    let gap = isEmpty ? "" : old.last == 0x0A ? lineBreak : lineBreak + lineBreak
    return old + Array((gap + lines.joined(separator: lineBreak) + lineBreak).utf8)
  }

  static func lineBreak(of bytes: [UInt8]) -> String {
    guard let end = bytes.firstIndex(of: 0x0A), end > 0, bytes[end - 1] == 0x0D else { return "\n" }
    return "\r\n"
  }
}
