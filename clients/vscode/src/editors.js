"use strict";

const vscode = require("vscode");
const { t } = require("./say.js");

/** The text editor that was active last: while the gallery has the focus, VS Code names none. */
let last;

function followEditors() {
  last = vscode.window.activeTextEditor;
  return vscode.window.onDidChangeActiveTextEditor((editor) => (last = editor ?? last));
}

/** The editor that a command is for; undefined where no document is open. */
function activeEditor() {
  const isThere = last && !last.document.isClosed && vscode.window.visibleTextEditors.includes(last);
  return vscode.window.activeTextEditor ?? (isThere ? last : undefined);
}

function editorOrError() {
  const editor = activeEditor();
  if (!editor) throw new Error(t("open a document first: the link goes to its cursor."));
  return editor;
}

module.exports = { activeEditor, editorOrError, followEditors };
