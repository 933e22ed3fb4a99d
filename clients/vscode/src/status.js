"use strict";

const vscode = require("vscode");
const { line } = require("./progress.js");

/** The item of the status bar that tells of the images in progress; a click opens the notifications, which cancel. */
class StatusBar {
  #item;
  #works = new Set();

  /** Shows an image. `update(words, eta_ms)` says how far it is, and `remove()` that it is finished. */
  add(title) {
    const work = { title, words: "created", eta_ms: undefined };
    this.#works.add(work);
    this.#show();
    return {
      update: (words, eta_ms) => {
        Object.assign(work, { words, eta_ms });
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
    this.#item.tooltip = works.map(({ title, words }) => `${title}: ${words}`).join("\n");
    this.#item.show();
  }

  #make() {
    const item = vscode.window.createStatusBarItem("imagewire.progress", vscode.StatusBarAlignment.Left);
    item.name = "imagewire: images in progress";
    item.command = "notifications.showList";
    return item;
  }

  dispose() {
    this.#item?.dispose();
  }
}

module.exports = { StatusBar };
