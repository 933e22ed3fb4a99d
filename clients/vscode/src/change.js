"use strict";

// Commands on the image under the cursor.

const path = require("node:path");
const vscode = require("vscode");
const { editorOrError } = require("./editors.js");
const { fileOf, imageIn, linkAt } = require("./find.js");
const { land, readyFolder } = require("./land.js");
const { Place } = require("./place.js");
const { confirmed, plain, t } = require("./say.js");
const { imageField } = require("./schema.js");
const { settingsFor } = require("./settings.js");

/** The largest seed. */
const SEEDS = 2 ** 31;

/** The image whose link is at an offset of a document: the link and its file. Throws where there is none. */
function imageAt(document, offset) {
  const link = linkAt(document, offset);
  if (!link) throw new Error(t("there is no link to an image under the cursor. Nothing was sent."));
  const file = fileOf(document, link.target);
  const name = plain(link.target, 80);
  if (file === undefined) throw new Error(t("{0} is not on this machine. Nothing was sent.", name));
  const format = imageIn(file);
  if (format === "missing") throw new Error(t("{0} is not there. Nothing was sent.", name));
  if (!format) throw new Error(t("{0} is no image. Nothing was sent.", name));
  return { file, link };
}

/** The document and the offset that a command is for: those of a hover, or those of the cursor. */
async function spot(given) {
  if (given?.uri !== undefined) {
    const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(given.uri, true));
    return { document, offset: given.offset };
  }
  const editor = editorOrError();
  return { document: editor.document, offset: editor.document.offsetAt(editor.selection.active) };
}

/** The prediction that made a file, with its whole input; undefined where imagewire did not make it. */
async function makerOf(client, file) {
  const { predictions } = await client.call("list", { file });
  // Several can have made the same bytes: the one that saved this file comes first.
  const maker = predictions.find(({ files }) => files.some((one) => one.path === file)) ?? predictions[0];
  return maker && client.status(maker.id, { full: true });
}

/** Runs a request for the image under the cursor, and puts the new link behind the old one or in its place. */
async function forImage(app, given, request) {
  const { document, offset } = await spot(given);
  const { file, link } = imageAt(document, offset);
  const place = Place.of(document, link, settingsFor(document).get("replace"));
  try {
    const folder = await readyFolder(document);
    const made = await request(file, document);
    if (!made) return;
    const prediction = await app.works.make({ ...made, document, folder });
    await land(prediction, made.prompt, place, folder);
  } finally {
    place.forget();
  }
}

/** Sends the image under the cursor with new words to a model that edits. */
function change(app, given) {
  return forImage(app, given, (file, document) => changed(app, file, document, given?.prompt));
}

/** The request that changes a file; undefined where the user does not want it. */
async function changed(app, file, document, given) {
  const question = { prompt: t("What to change in {0}", plain(path.basename(file), 80)), ignoreFocusOut: true };
  const prompt = given ?? (await vscode.window.showInputBox(question));
  if (!prompt?.trim()) return undefined;
  const client = await app.imagewire.client();
  const maker = await makerOf(client, file);
  const base = await (app.choice.model ? app.choice.entry() : app.choice.entry(maker?.model, maker?.provider));
  const editor = base.edit_model && base.edit_model !== base.id ? await app.choice.entry(base.edit_model, base.provider) : base;
  const field = await fieldOf(app, editor);
  if (!(await maySend(file, editor.provider, document))) return undefined;
  const { input } = app.choice.parameters(document);
  const reference = `@${file}`;
  return {
    prompt,
    parameters: {
      // Fields of the settings are for the model of the settings.
      input: { ...(editor.id === base.id ? input : {}), [field.name]: field.isList ? [reference] : reference },
      model: editor.id,
      provider: editor.provider,
      tags: maker ? ["vscode", `from:${maker.id}`] : ["vscode"],
      upload: true,
    },
  };
}

/** The field that takes the image. Throws where a guess could cost money. */
async function fieldOf(app, { id, provider, input_schema }) {
  const usual = { name: "image", isList: false };
  if (provider === "sandbox") return usual;
  if (!input_schema?.properties) {
    if (!(await app.choice.hasSchemas(provider, id))) return usual;
    throw new Error(t("{0} does not say where the model {1} takes an image. Nothing was sent. Choose another one.", provider, id));
  }
  const field = imageField(input_schema);
  if (!field) throw new Error(t("the model {0} takes no image. Nothing was sent. Choose another one.", id));
  return field;
}

/** Asks before a file leaves this machine. */
async function maySend(file, provider, document) {
  if (settingsFor(document).get("askUpload") === false) return true;
  const question = t("Send the image {0} to {1}?", path.basename(file), provider ?? t("the provider"));
  return confirmed(question, t("Send"));
}

/** Makes the image under the cursor once more: `isVaried` with another seed, otherwise with the same input. */
function again(app, given, isVaried) {
  return forImage(app, given, async (file, document) => {
    const client = await app.imagewire.client();
    const maker = await makerOf(client, file);
    if (!maker) throw new Error(t("imagewire did not make this image. Nothing was sent."));
    const { prompt = "", ...input } = maker.input ?? {};
    if (maker.input === undefined) throw new Error(t("the input of this image is not known any more. Nothing was sent."));
    const isSending = hasFiles(input);
    if (isSending && !(await maySend(file, maker.provider, document))) return undefined;
    return {
      prompt,
      parameters: {
        input: isVaried ? { ...input, seed: Math.floor(Math.random() * SEEDS) } : input,
        model: maker.model,
        provider: maker.provider,
        tags: ["vscode", `from:${maker.id}`],
        upload: isSending || undefined,
      },
    };
  });
}

/** Whether an input names files of this machine. */
function hasFiles(value) {
  if (typeof value === "string") return value.startsWith("@/");
  return typeof value === "object" && value !== null && Object.values(value).some(hasFiles);
}

module.exports = { again, change, changed, forImage, imageAt, makerOf, spot };
