"use strict";

const vscode = require("vscode");
const { editorOrError } = require("./editors.js");
const { land, readyFolder } = require("./land.js");
const { Place } = require("./place.js");
const { t } = require("./say.js");
const { settingsFor } = require("./settings.js");

/**
 * Makes an image and inserts a link to it where the command was given. The prompt is the words that are given, with the
 * selected text behind them; without both it is asked.
 */
async function generate(app, given) {
  const { document, selection } = editorOrError();
  const selected = document.getText(selection).trim();
  const isParagraph = settingsFor(document).get("ownParagraph");
  // The place is kept from here on: the document may change while the user types a prompt.
  const place = selected ? Place.below(document, selection.end, isParagraph) : Place.at(document, selection.active, isParagraph);
  try {
    const folder = await readyFolder(document);
    const words = [given?.trim() ? given : "", selected && document.getText(selection)].filter(Boolean).join(" ");
    const prompt = words || (await vscode.window.showInputBox({ prompt: t("Image of"), ignoreFocusOut: true }));
    if (!prompt?.trim()) return;
    const parameters = { ...app.choice.parameters(document), tags: ["vscode"] };
    const prediction = await app.works.make({ parameters, prompt, document, folder });
    await land(prediction, prompt, place, folder);
  } finally {
    place.forget();
  }
}

module.exports = { generate };
