"use strict";

const vscode = require("vscode");
const { short } = require("./text.js");

/** A text in the language of VS Code. Its values may be text of others. */
const t = (...given) => vscode.l10n.t(...given);

/** Text of others for a notification, on one line. VS Code makes links of `[…](command:…)`, which must not be theirs to write. */
const plain = (text, limit = 1_000) => short(text, limit).replaceAll("](", "] (");

const say = (show) => (text, ...actions) => show(`imagewire: ${plain(text)}`, ...actions);

/** Asks in a dialog. Resolves to whether the answer is `action`. */
async function confirmed(question, action) {
  return (await vscode.window.showWarningMessage(`imagewire: ${plain(question)}`, { modal: true }, action)) === action;
}

module.exports = {
  confirmed,
  plain,
  sayInformation: say((...given) => vscode.window.showInformationMessage(...given)),
  sayWarning: say((...given) => vscode.window.showWarningMessage(...given)),
  sayError: say((...given) => vscode.window.showErrorMessage(...given)),
  t,
};
