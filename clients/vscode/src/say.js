"use strict";

const vscode = require("vscode");
const { short } = require("./link.js");

/** Text of others for a notification, on one line. VS Code makes links of `[…](command:…)`, which must not be theirs to write. */
const plain = (text, limit = 1_000) => short(text, limit).replaceAll("](", "] (");

const say = (show) => (text) => show(`imagewire: ${plain(text)}`);

module.exports = {
  plain,
  sayInformation: say((text) => vscode.window.showInformationMessage(text)),
  sayWarning: say((text) => vscode.window.showWarningMessage(text)),
  sayError: say((text) => vscode.window.showErrorMessage(text)),
};
