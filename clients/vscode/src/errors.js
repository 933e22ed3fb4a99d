"use strict";

// Errors of the program and of its process, as one message: what happened, whether it cost money, what to do.

const vscode = require("vscode");
const { short } = require("./text.js");
const { sayError, sayInformation, t } = require("./say.js");

/** Reports an error of a command. */
function report(error) {
  if (error.type === "not_found") return reportMissing(error);
  if (error.type === "connection_lost") {
    sayError(t("{0} The list of images shows them afterwards.", error.message));
    return;
  }
  sayError(error.message);
}

/** The program is missing: the message names the setting, and a button opens it. */
async function reportMissing({ message, tried }) {
  const action = t("Open the Setting");
  const all = tried?.join(", ");
  const text = tried?.length > 1
    ? t("the program imagewire was not found. Nothing was sent. Tried: {0}. Install it, or name it in the setting imagewire.program.", all)
    : tried
      ? t("the program {0} was not found. Nothing was sent. The setting imagewire.program or the variable IMAGEWIRE names it.", tried[0])
      : t("{0} The setting imagewire.program names the program.", message);
  if ((await sayError(text, action)) === action) {
    await vscode.commands.executeCommand("workbench.action.openSettings", "imagewire.program");
  }
}

/** Reports how a prediction without an image ended, and what it may cost. */
function explain({ status, error, failure }, prompt) {
  const reason = error || failure?.message || status;
  const hint = failure?.hint && !reason.includes(failure.hint) ? ` ${failure.hint}` : "";
  const text = `${short(prompt, 40)}: ${status}: ${reason}${hint}`;
  if (status === "cancelled") sayInformation(text);
  else sayError(text);
}

module.exports = { explain, report };
