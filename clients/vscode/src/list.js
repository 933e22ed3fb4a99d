"use strict";

const vscode = require("vscode");
const { changed } = require("./change.js");
const { activeEditor, editorOrError } = require("./editors.js");
const { explain } = require("./errors.js");
const { isShown, newest, promptOf, withThumbnails } = require("./item.js");
const { land, readyFolder } = require("./land.js");
const { Place } = require("./place.js");
const { confirmed, sayInformation, t } = require("./say.js");
const { settingsFor } = require("./settings.js");

const isRunning = ({ status }) => status === "created" || status === "processing";
/** Whether there is an image, or may be one soon. */
const mayHaveImage = (prediction) => isRunning(prediction) || prediction.status === "completed";

/** Lets the user choose one of the newest images of all editors, and inserts a link to it. */
async function insertEarlier(app) {
  const editor = editorOrError();
  const place = placeIn(editor);
  try {
    const client = await app.imagewire.client();
    const items = await withThumbnails(client, (await newest(client)).filter(mayHaveImage));
    if (items.length === 0) return void sayInformation(t("no images yet."));
    const chosen = await vscode.window.showQuickPick(items, { placeHolder: t("Which image?"), matchOnDescription: true });
    if (chosen) await insert(app, chosen.prediction, place);
  } finally {
    place.forget();
  }
}

/** Inserts the link to a prediction. One that is in progress is waited for; a download that failed is tried again. */
async function insert(app, { id, status }, place) {
  const client = await app.imagewire.client();
  const { input } = await client.status(id);
  const prompt = promptOf({ input });
  const prediction = isRunning({ status })
    ? await app.works.follow({ id }, prompt)
    : await client.call("result", { id, timeout_ms: 1_000 });
  await land(prediction, prompt, place);
}

/** The actions on a prediction, by name: whether it is for one, and what it does. */
const actions = {
  insert: { title: () => t("$(insert) Insert the link"), isFor: (prediction) => mayHaveImage(prediction) && activeEditor(), run: insertHere },
  open: { title: () => t("$(go-to-file) Open"), isFor: ({ files }) => files.length > 0, run: open },
  copy: { title: () => t("$(copy) Copy the prompt"), isFor: (prediction) => promptOf(prediction) !== "", run: copyPrompt },
  change: { title: () => t("$(edit) Change the image…"), isFor: (prediction) => isShown(prediction) && activeEditor(), run: changeHere },
  cancel: { title: () => t("$(circle-slash) Cancel"), isFor: isRunning, run: cancel },
  delete: { title: () => t("$(trash) Delete…"), isFor: (prediction) => !isRunning(prediction), run: remove },
};

/** Lists the newest images of all editors, and does with one what is chosen. */
async function list(app) {
  const client = await app.imagewire.client();
  const items = await withThumbnails(client, await newest(client));
  if (items.length === 0) return void sayInformation(t("no images yet."));
  const chosen = await vscode.window.showQuickPick(items, { placeHolder: t("Images of all editors"), matchOnDescription: true });
  if (!chosen) return;
  const possible = Object.values(actions)
    .filter(({ isFor }) => isFor(chosen.prediction))
    .map(({ title, run }) => ({ label: title(), run }));
  const action = await vscode.window.showQuickPick(possible, { placeHolder: chosen.label });
  await action?.run(app, chosen.prediction);
}

async function insertHere(app, prediction) {
  const place = placeIn(editorOrError());
  try {
    await insert(app, prediction, place);
  } finally {
    place.forget();
  }
}

/** Opens the first file in VS Code, which shows it and runs nothing. */
async function open(app, { files }) {
  await vscode.commands.executeCommand("vscode.open", vscode.Uri.file(files[0].path));
}

async function copyPrompt(app, { id }) {
  const client = await app.imagewire.client();
  const { input } = await client.status(id, { full: true });
  await vscode.env.clipboard.writeText(promptOf({ input }));
  sayInformation(t("the prompt is in the clipboard."));
}

async function changeHere(app, { files }) {
  const editor = editorOrError();
  const place = placeIn(editor);
  try {
    const { document } = editor;
    const folder = await readyFolder(document);
    const made = await changed(app, files[0].path, document);
    if (made) await land(await app.works.make({ ...made, document, folder }), made.prompt, place, folder);
  } finally {
    place.forget();
  }
}

async function cancel(app, { id, input }) {
  const client = await app.imagewire.client();
  await client.cancel(id);
  explain(await client.call("result", { id, timeout_ms: 1_000 }), promptOf({ input }));
}

async function remove(app, prediction) {
  const prompt = promptOf(prediction);
  const count = prediction.files.length;
  const question = count > 0
    ? t("Delete “{0}” and its files ({1}) for good?", prompt, count)
    : t("Delete the record of “{0}” for good?", prompt);
  if (!(await confirmed(question, t("Delete")))) return false;
  const client = await app.imagewire.client();
  const { kept = [] } = await client.delete([prediction.id], { files: true });
  sayInformation(kept.length > 0 ? t("deleted, but not its files, which were changed since: {0}", kept.join(", ")) : t("deleted."));
  return true;
}

const placeIn = ({ document, selection }) => Place.at(document, selection.active, settingsFor(document).get("ownParagraph"));

module.exports = { actions, insertEarlier, list };
