"use strict";

// The documents of the double: texts that change, with steps of undoing as VS Code makes them.

const { EventEmitter, Position, Range, Uri } = require("./values.js");

const changed = new EventEmitter();
const opened = new EventEmitter();
const closed = new EventEmitter();
const documents = [];
let untitled = 0;

class Document {
  constructor(fsPath, text, languageId = "markdown", scheme = fsPath === undefined ? "untitled" : "file") {
    Object.assign(this, { text, languageId, isClosed: false, isUntitled: scheme === "untitled", eol: 1, steps: [] });
    this.uri = new Uri(scheme, fsPath ?? `Untitled-${++untitled}`);
    // One file is one document.
    documents.find((one) => String(one.uri) === String(this.uri))?.close();
    documents.push(this);
    opened.fire(this);
  }
  getText(range) {
    return range ? this.text.slice(this.offsetAt(range.start), this.offsetAt(range.end)) : this.text;
  }
  offsetAt({ line, character }) {
    return this.text.split("\n").slice(0, line).reduce((sum, text) => sum + text.length + 1, 0) + character;
  }
  positionAt(offset) {
    const before = this.text.slice(0, Math.max(0, offset)).split("\n");
    return new Position(before.length - 1, before.at(-1).length);
  }
  lineAt(line) {
    return { range: new Range(new Position(line, 0), new Position(line, this.text.split("\n")[line].length)) };
  }
  getWordRangeAtPosition(position) {
    for (const { 0: word, index } of this.text.split("\n")[position.line].matchAll(/[\p{L}\p{N}_]+/gu)) {
      const [start, end] = [index, index + word.length].map((character) => new Position(position.line, character));
      if (start.character <= position.character && position.character <= end.character) return new Range(start, end);
    }
    return undefined;
  }
  /** Replaces text as typing does: all that is typed in a row is one step of undoing. An edit of an extension is one of its own. */
  change(rangeOffset, rangeLength, text, isEdit = false) {
    if (isEdit || this.steps.at(-1)?.isEdit !== false) this.steps.push({ isEdit, text: this.text });
    this.#replace(rangeOffset, rangeLength, text);
  }
  undo() {
    this.#replace(0, this.text.length, this.steps.pop().text);
  }
  #replace(rangeOffset, rangeLength, text) {
    const range = new Range(this.positionAt(rangeOffset), this.positionAt(rangeOffset + rangeLength));
    this.text = this.text.slice(0, rangeOffset) + text + this.text.slice(rangeOffset + rangeLength);
    changed.fire({ document: this, range, contentChanges: [{ rangeOffset, rangeLength, text }] });
  }
  close() {
    this.isClosed = true;
    documents.splice(documents.indexOf(this), 1);
    closed.fire(this);
  }
}

module.exports = { Document, changed, closed, documents, opened };
