internal import JSON
internal import JSONRPC

/// MCP Apps (SEP-1865): pages that a host shows beside the results of tools. They are declared only to hosts that say they
/// show them; for every other host each message stays as it is.
enum MCPApps {
  /// The name of the extension.
  static let name = "io.modelcontextprotocol/ui"
  /// The type of a page.
  static let mediaType = "text/html;profile=mcp-app"

  /// A page.
  enum View: String, CaseIterable {
    /// One image, large.
    case image
    /// The agent's images.
    case gallery

    var uri: String { "ui://imagewire/\(rawValue)" }

    /// The page that shows the results of a tool; `nil` where none does.
    init?(of tool: String) {
      switch tool {
      case "generate_image", "edit_image", "view_image", "get_image": self = .image
      case "list_images": self = .gallery
      default: return nil
      }
    }

    fileprivate var title: String {
      switch self {
      case .image: "Image"
      case .gallery: "Images"
      }
    }

    fileprivate var about: String {
      switch self {
      case .image: "Shows an image large, with its prompt and cost, and makes others of it."
      case .gallery: "Shows the images that these tools made."
      }
    }
  }

  /// Whether the capabilities of a client name the extension and the type of the pages.
  static func areShown(by capabilities: JSONValue?) -> Bool {
    capabilities?["extensions"]?[name]?["mimeTypes"]?.array?.contains { $0.string == mediaType } == true
  }

  /// Whether a tool has a page, or only pages call it.
  static func haveMeta(of tool: MCPTool) -> Bool { isForViews(tool) || View(of: tool.name) != nil }

  private static func isForViews(_ tool: MCPTool) -> Bool { MCPTool.forViews.contains { $0.name == tool.name } }

  /// Writes the member of `_meta` of a tool: its page, or that only pages call it.
  static func writeMeta(of tool: MCPTool, to json: inout JSONWriter) {
    json.name("ui")
    json.beginObject()
    if let view = View(of: tool.name) {
      json.name("resourceUri")
      json.value(view.uri)
    }
    if isForViews(tool) {
      json.name("visibility")
      json.value(.array([.string("app")]))
    }
    json.endObject()
  }

  /// Writes the elements of `resources/list`.
  static func writeResources(to json: inout JSONWriter, for revision: MCPRevision) {
    for view in View.allCases {
      json.beginObject()
      json.name("uri")
      json.value(view.uri)
      json.name("name")
      json.value(view.rawValue)
      if revision.hasTitles {
        json.name("title")
        json.value(view.title)
      }
      json.name("description")
      json.value(view.about)
      json.name("mimeType")
      json.value(mediaType)
      json.endObject()
    }
  }

  /// Answers `resources/read` with a page. Without `csp` the host allows no network.
  static func answer(_ call: MCPCall, with view: View) {
    call.result(lasts: Service.staticLifetime) { json in
      json.name("contents")
      json.beginArray()
      json.beginObject()
      json.name("uri")
      json.value(view.uri)
      json.name("mimeType")
      json.value(mediaType)
      json.name("text")
      json.value(AppPage.html(of: view))
      json.name("_meta")
      json.raw(#"{"ui":{"permissions":{"clipboardWrite":{}},"prefersBorder":true}}"#)
      json.endObject()
      json.endArray()
    }
  }
}

extension MCPCall {
  /// Whether the client shows pages.
  var showsApps: Bool { clientCapabilities.showsApps }
}
