"use strict";

const os = require("node:os");
const path = require("node:path");
const vscode = require("vscode");

/** Functions that another extension has set by the exported API; they come before the settings. */
const functions = { folder: undefined, alt: undefined };

/** The settings for a document, or for the window. */
const settingsFor = (document) => vscode.workspace.getConfiguration("imagewire", document?.uri);

const projectOf = (document) => vscode.workspace.getWorkspaceFolder(document.uri)?.uri.fsPath;

/**
 * The folder of a document's images, as an absolute path; undefined for imagewire's own folder, as for a document without a
 * file. The setting is relative to the document, absolute, or begins with `~`; it may hold variables.
 */
function folderOf(document) {
  if (document.isUntitled || document.uri.scheme !== "file") return undefined;
  const file = document.uri.fsPath;
  const values = {
    fileBasenameNoExtension: path.basename(file, path.extname(file)),
    fileDirname: path.dirname(file),
    workspaceFolder: projectOf(document) ?? path.dirname(file),
  };
  const setting = functions.folder ? functions.folder(document) : withVariables(settingsFor(document).get("folder"), values);
  if (!setting) return undefined;
  const whole = setting === "~" || setting.startsWith("~/") ? path.join(os.homedir(), setting.slice(1)) : setting;
  return path.resolve(path.dirname(file), whole);
}

/** The text of a link for a prompt. */
function altOf(prompt, document) {
  if (functions.alt) return String(functions.alt(prompt, document) ?? "");
  return withVariables(settingsFor(document).get("alt"), { prompt });
}

/** A text with its variables replaced, all at once: what a value holds is not looked at again. */
const withVariables = (text, values) =>
  (text ?? "").replace(/\$\{(\w+)\}/g, (variable, name) => (Object.hasOwn(values, name) ? values[name] : variable));

module.exports = { altOf, folderOf, functions, projectOf, settingsFor };
