"use strict";

const vscode = require("vscode");
const { program } = require("./imagewire.js");
const { settingsFor } = require("./settings.js");

/**
 * Offers imagewire's MCP server to VS Code's agents, where this VS Code takes servers of extensions (1.101 and newer) and the
 * setting says so. The server has the key of the program's own configuration: the secret storage is for this extension alone.
 */
function registerServer() {
  if (typeof vscode.lm?.registerMcpServerDefinitionProvider !== "function" || !vscode.McpStdioServerDefinition) return [];
  const changed = new vscode.EventEmitter();
  return [
    changed,
    vscode.workspace.onDidChangeConfiguration((event) => event.affectsConfiguration("imagewire") && changed.fire()),
    vscode.lm.registerMcpServerDefinitionProvider("imagewire", {
      onDidChangeMcpServerDefinitions: changed.event,
      provideMcpServerDefinitions: () =>
        settingsFor().get("mcp") ? [new vscode.McpStdioServerDefinition("imagewire", program() ?? "imagewire", ["mcp"])] : [],
    }),
  ];
}

module.exports = { registerServer };
