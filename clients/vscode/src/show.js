"use strict";

const path = require("node:path");
const vscode = require("vscode");
const { allLinks, fileOf, imageIn } = require("./find.js");
const { activeEditor } = require("./editors.js");
const { plain, sayInformation, t } = require("./say.js");

/** How long after a change of a document its images are looked for again, in milliseconds. */
const PAUSE = 200;
/** The most images that are shown in one document. */
const MOST = 200;
/** Where VS Code keeps whether images are shown. */
const HIDDEN = "imagewire.hidden";

/** Shows images small beside the lines of their links, in all documents that are seen. */
class Images {
  #memento;
  #timer;
  /** Decorations by the file that they show. */
  #decorations = new Map();
  #listening;

  constructor(memento) {
    this.#memento = memento;
    this.#listening = [
      vscode.window.onDidChangeVisibleTextEditors(() => this.#soon()),
      vscode.workspace.onDidChangeTextDocument(() => this.#soon()),
    ];
    this.#soon();
  }

  get #isHidden() {
    return this.#memento.get(HIDDEN, false);
  }

  #soon() {
    if (this.#isHidden) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#refresh(), PAUSE);
    this.#timer.unref?.();
  }

  #refresh() {
    clearTimeout(this.#timer);
    const used = new Set();
    for (const editor of vscode.window.visibleTextEditors) {
      const ranges = this.#isHidden ? new Map() : rangesIn(editor.document);
      for (const file of new Set([...ranges.keys(), ...this.#decorations.keys()])) {
        if (ranges.has(file)) used.add(file);
        editor.setDecorations(this.#decoration(file), ranges.get(file) ?? []);
      }
    }
    for (const [file, decoration] of this.#decorations) {
      if (used.has(file)) continue;
      decoration.dispose();
      this.#decorations.delete(file);
    }
  }

  #decoration(file) {
    if (!this.#decorations.has(file)) {
      const options = { gutterIconPath: vscode.Uri.file(file), gutterIconSize: "contain", overviewRulerLane: undefined };
      this.#decorations.set(file, vscode.window.createTextEditorDecorationType(options));
    }
    return this.#decorations.get(file);
  }

  /** Shows the images, or says why there are none to be shown. */
  async show() {
    await this.#memento.update(HIDDEN, undefined);
    this.#refresh();
    const document = activeEditor()?.document;
    if (!document || rangesIn(document).size > 0) return;
    sayInformation(reason(document));
  }

  async hide() {
    await this.#memento.update(HIDDEN, true);
    this.#refresh();
  }

  dispose() {
    clearTimeout(this.#timer);
    for (const one of [...this.#listening, ...this.#decorations.values()]) one.dispose();
  }
}

/** The ranges of the links of a document, by the files that can be shown. */
function rangesIn(document) {
  const ranges = new Map();
  for (const { start, target } of allLinks(document)) {
    if (ranges.size >= MOST) break;
    const file = fileOf(document, target);
    if (file === undefined || !imageIn(file)?.shown) continue;
    const position = document.positionAt(start);
    ranges.set(file, [...(ranges.get(file) ?? []), new vscode.Range(position, position)]);
  }
  return ranges;
}

/** Why none of the images of a document is shown. */
function reason(document) {
  const links = allLinks(document);
  if (links.length === 0) return t("this document has no link to an image.");
  const [first] = links;
  const name = plain(first.target, 80);
  const file = fileOf(document, first.target);
  if (file === undefined) return t("{0} is not on this machine, and only files of this machine are shown.", name);
  const format = imageIn(file);
  if (format === "missing") return t("{0} is not there.", name);
  const ending = format?.name ?? (path.extname(file) || t("this kind of file"));
  return t("VS Code cannot show {0}: it shows PNG, JPEG, GIF, WebP and BMP.", ending);
}

module.exports = { Images };
