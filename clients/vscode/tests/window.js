"use strict";

// The window in which the extension runs: a double, or with VSCODE=FOLDER that of the extension host of the VS Code in FOLDER.
module.exports = process.env.VSCODE ? require("./host/window.js") : require("./vscode.js");
