"use strict";

const vscode = require("vscode");
const { line } = require("./progress.js");

/** The item of the status bar that tells of the images in progress; a click opens the notifications, which cancel. */
class StatusBar {
  #item;
  #works = new Set();

  /** Shows an image. `update(words, eta_ms, preview)` says how far it is, and `remove()` that it is finished. */
  add(title) {
    const work = { title, words: "created", eta_ms: undefined, preview: undefined };
    this.#works.add(work);
    this.#show();
    return {
      update: (words, eta_ms, preview) => {
        Object.assign(work, { words, eta_ms, preview });
        this.#show();
      },
      remove: () => {
        this.#works.delete(work);
        this.#show();
      },
    };
  }

  #show() {
    const works = [...this.#works];
    if (works.length === 0) {
      this.#item?.hide();
      return;
    }
    this.#item ??= this.#make();
    this.#item.text = `$(loading~spin) ${line(works)}`;
    const hasPreview = works.some(({ preview }) => preview);
    this.#item.tooltip = hasPreview ? withPreviews(works) : works.map(({ title, words }) => `${title}: ${words}`).join("\n");
    this.#item.show();
  }

  #make() {
    const item = vscode.window.createStatusBarItem("imagewire.progress", vscode.StatusBarAlignment.Left);
    item.name = vscode.l10n.t("imagewire: images in progress");
    item.command = "notifications.showList";
    return item;
  }

  dispose() {
    this.#item?.dispose();
  }
}

/** The images in progress with their partial images. */
function withPreviews(works) {
  const shown = new vscode.MarkdownString();
  for (const { title, words, preview } of works) {
    shown.appendText(`${title}: ${words}\n`);
    // A new address each time: the file is replaced by each newer one.
    if (preview) shown.appendMarkdown(`\n![](${vscode.Uri.file(preview)}?${Date.now()}|width=240)\n\n`);
  }
  return shown;
}

module.exports = { StatusBar };
