"use strict";

const vscode = require("vscode");
const { t } = require("./say.js");
const { inList, kindsOf } = require("./text.js");
const { dollars } = require("./work.js");

/** How long ago a time was. */
function age(time) {
  const seconds = Math.max(0, (Date.now() - new Date(time)) / 1000);
  if (seconds < 60) return t("just now");
  if (seconds < 5_400) return t("{0} min ago", Math.round(seconds / 60));
  if (seconds < 129_600) return t("{0} h ago", Math.round(seconds / 3_600));
  return t("{0} days ago", Math.round(seconds / 86_400));
}

/** What a prediction cost; empty where that is not known. */
function costOf({ cost }) {
  if (!cost) return "";
  if (cost.amount === 0) return t("free");
  return cost.source === "estimated" ? t("about {0}", dollars(cost.amount)) : dollars(cost.amount);
}

const promptOf = ({ input }) => (typeof input?.prompt === "string" ? input.prompt : "");

/** The files of a prediction that VS Code can show small. */
const isShown = ({ files }) => files[0] !== undefined && (files[0].kind ?? "image") === "image";

/** A prediction as an item of a list: prompt, age, cost, status, and a word before them. */
function itemFor(prediction, word = "", icon = undefined) {
  const prompt = promptOf(prediction);
  const state = [prediction.status, kindsOf(prediction.files)].filter(Boolean).join(", ");
  return {
    label: inList(prompt, 80) || t("(a long prompt)"),
    description: [word, state, age(prediction.created_at), costOf(prediction)].filter(Boolean).join(" · "),
    iconPath: icon && vscode.Uri.file(icon),
    prediction,
    prompt,
  };
}

/** Predictions with their prompts, newest first. A page comes without them; asking for each is cheap. */
async function newest(client, limit = 50) {
  const { predictions } = await client.list({ limit });
  const whole = await Promise.all(predictions.map(({ id }) => client.status(id).catch(() => undefined)));
  return whole.filter(Boolean); // One may have been deleted meanwhile.
}

/** The items of a list with small images. */
function withThumbnails(client, predictions) {
  return Promise.all(predictions.map(async (prediction) => {
    const small = isShown(prediction) ? await client.thumbnail(prediction.id, { size: 64 }).catch(() => undefined) : undefined;
    return itemFor(prediction, "", small?.path);
  }));
}

module.exports = { age, costOf, isShown, itemFor, newest, promptOf, withThumbnails };
