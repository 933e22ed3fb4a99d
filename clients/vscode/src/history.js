"use strict";

const vscode = require("vscode");
const { imageAt, makerOf, spot } = require("./change.js");
const { itemFor } = require("./item.js");
const { land } = require("./land.js");
const { Place } = require("./place.js");
const { sayInformation, t } = require("./say.js");
const { folderOf, settingsFor } = require("./settings.js");

/** The most generations that are followed back. */
const DEPTH = 50;

/** Lists what the image under the cursor was made from and what was made from it, and inserts the one that is chosen. */
async function history(app, given) {
  const { document, offset } = await spot(given);
  const { file, link } = imageAt(document, offset);
  const place = Place.of(document, link, settingsFor(document).get("replace"));
  try {
    const client = await app.imagewire.client();
    const maker = await makerOf(client, file);
    if (!maker) throw new Error(t("imagewire did not make this image, so it has no history."));
    const earlier = (await ancestors(client, maker)).map((one) => itemFor(one, t("$(arrow-up) made from")));
    const later = (await descendants(client, maker)).map((one) => itemFor(one, t("$(arrow-down) made from it")));
    const items = [...earlier, ...later].filter(({ prediction }) => prediction.files.length > 0);
    if (items.length === 0) return void sayInformation(t("this image was made from no other, and none from it."));
    const chosen = await vscode.window.showQuickPick(items, { placeHolder: t("Which image of the history?"), matchOnDescription: true });
    if (chosen) await land(chosen.prediction, chosen.prompt, place, folderOf(document));
  } finally {
    place.forget();
  }
}

/** What a prediction was made from, newest first. */
async function ancestors(client, prediction) {
  const found = [];
  for (let one = prediction; found.length < DEPTH; ) {
    const id = one.tags.find((tag) => tag.startsWith("from:"))?.slice(5);
    if (!id || found.some((other) => other.id === id) || id === prediction.id) break;
    one = await client.status(id).catch(() => undefined);
    if (!one) break; // It was deleted.
    found.push(one);
  }
  return found;
}

/** What was made from a prediction, oldest first. */
async function descendants(client, { id }) {
  const { predictions } = await client.list({ tag: `from:${id}` });
  return Promise.all(predictions.reverse().map((one) => client.status(one.id)));
}

module.exports = { history };
