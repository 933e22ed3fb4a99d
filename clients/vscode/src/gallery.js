"use strict";

const { randomBytes } = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");
const vscode = require("vscode");
const { report } = require("./errors.js");
const { age, costOf, isShown, newest, promptOf } = require("./item.js");
const { actions } = require("./list.js");
const { words } = require("./progress.js");
const { t } = require("./say.js");
const { kindsOf, short } = require("./text.js");

/** How many images it shows. */
const MOST = 100;
/** The longest side of a small image, in pixels. */
const SIZE = 320;
/** The largest partial image that is shown, in bytes. */
const LARGEST = 8 * 1024 * 1024;

/** A page of the newest images of all editors, with those in progress. */
class Gallery {
  #app;
  #panel;
  #listening;
  /** The predictions that are shown, by id. */
  #shown = new Map();

  constructor(app) {
    this.#app = app;
    let count = 0;
    this.#listening = app.works.onDidChange(() => {
      const before = count;
      count = app.works.running.length;
      // One that has ended is among the images.
      if (count < before && this.#panel) this.#refresh().catch(() => {});
      else this.#postWorks();
    });
  }

  async open() {
    if (this.#panel) {
      this.#panel.reveal();
      return this.#refresh();
    }
    // The page gets texts and images by messages only: it reads no file and no address.
    const options = { enableScripts: true, localResourceRoots: [], retainContextWhenHidden: true };
    const panel = vscode.window.createWebviewPanel("imagewire.gallery", t("imagewire: images"), vscode.ViewColumn.Beside, options);
    this.#panel = panel;
    const disposed = panel.onDidDispose(() => {
      this.#panel = undefined;
      disposed.dispose();
      received.dispose();
    });
    const received = panel.webview.onDidReceiveMessage((message) => this.#receive(message).catch(report));
    panel.webview.html = page();
  }

  async #receive(message) {
    if (message?.name === "ready" || message?.name === "refresh") return this.#refresh();
    const prediction = this.#app.works.running.find(({ id }) => id === message?.id) ?? this.#shown.get(message?.id);
    if (!prediction || !Object.hasOwn(actions, message.name)) return;
    await actions[message.name].run(this.#app, prediction);
    await this.#refresh();
  }

  async #refresh() {
    const client = await this.#app.imagewire.client();
    const predictions = await newest(client, MOST);
    this.#shown = new Map(predictions.map((one) => [one.id, one]));
    const images = await Promise.all(predictions.map(async (one) => ({
      id: one.id,
      prompt: short(promptOf(one), 400) || t("(a long prompt)"),
      about: [one.status, kindsOf(one.files), age(one.created_at), costOf(one)].filter(Boolean).join(" · "),
      image: await small(client, one),
      actions: Object.keys(actions).filter((name) => actions[name].isFor(one)),
    })));
    this.#post({ name: "images", images });
    this.#postWorks();
  }

  #postWorks() {
    if (!this.#panel) return;
    const works = this.#app.works.running.map((one) => ({
      id: one.id,
      prompt: short(promptOf(one), 100),
      about: words(one, one.status),
      image: preview(one.preview),
    }));
    this.#post({ name: "works", works });
  }

  #post(message) {
    this.#panel?.webview.postMessage(message);
  }

  dispose() {
    this.#listening.dispose();
    this.#panel?.dispose();
  }
}

/** The small image of a prediction as a data URI; undefined where it has none. */
async function small(client, prediction) {
  if (!isShown(prediction)) return undefined;
  try {
    const { media_type, base64 } = await client.thumbnail(prediction.id, { size: SIZE, inline: true });
    return `data:${media_type};base64,${base64}`;
  } catch {
    return undefined;
  }
}

/** A partial image as a data URI. */
function preview(file) {
  try {
    if (!file || !/^image\/(png|jpeg|webp)$/.test(file.media_type) || fs.statSync(file.path).size > LARGEST) return undefined;
    return `data:${file.media_type};base64,${fs.readFileSync(file.path).toString("base64")}`;
  } catch {
    return undefined; // The next one replaces it just now.
  }
}

/** The page: it has no text of others, and runs no script but its own. */
function page() {
  const nonce = randomBytes(16).toString("base64");
  const media = path.join(__dirname, "..", "media");
  const [style, script] = ["gallery.css", "gallery.page.js"].map((name) => fs.readFileSync(path.join(media, name), "utf8"));
  const texts = {
    insert: t("Insert"), open: t("Open"), copy: t("Copy the prompt"), change: t("Change…"), cancel: t("Cancel"), delete: t("Delete…"),
    refresh: t("Refresh"), search: t("Search"), none: t("no images yet."),
  };
  return `<!DOCTYPE html>
<html>
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'">
<title>imagewire</title>
<style nonce="${nonce}">${style}</style>
</head>
<body>
<script nonce="${nonce}">const texts = ${JSON.stringify(texts).replaceAll("<", "\\u003c")};
${script}</script>
</body>
</html>
`;
}

module.exports = { Gallery, page };
