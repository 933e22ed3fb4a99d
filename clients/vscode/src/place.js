"use strict";

const vscode = require("vscode");

/** Within what time VS Code closes a document and opens it under another name, in milliseconds. */
const MOMENT = 5_000;

/**
 * The place of a link, which follows every change of the document, and the document to another name.
 *
 * `kind` says how the link stands there: `inline`; `line`, below the line; `paragraph`, below the paragraph; `after`, behind
 * the link from `start` to `offset`; `instead`, in its place.
 */
class Place {
  /** At a position; behind the word that it is in. */
  static at(document, position, isParagraph = false) {
    const word = document.getWordRangeAtPosition(position);
    const isInside = word?.start.isBefore(position) && position.isBefore(word.end);
    return new Place(document, document.offsetAt(isInside ? word.end : position), isParagraph ? "paragraph" : "inline");
  }

  /** Below the line of the end of a selection. */
  static below(document, position, isParagraph = false) {
    const isAtStart = position.character === 0 && position.line > 0;
    const line = document.lineAt(isAtStart ? position.line - 1 : position.line);
    return new Place(document, document.offsetAt(line.range.end), isParagraph ? "paragraph" : "line");
  }

  /** Behind a link that stands there, or in its place. */
  static of(document, link, isInstead = false) {
    const place = new Place(document, link.end, isInstead ? "instead" : "after");
    return Object.assign(place, { start: link.start, old: link.text });
  }

  constructor(document, offset, kind) {
    Object.assign(this, { document, offset, kind, start: offset, old: "" });
    /** What was opened since, and when: where the document is saved under another name, that is a new one with its text. */
    this.opened = new Map();
    this.listening = [
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        if (document !== this.document) return;
        this.start = moved(this.start, contentChanges, true);
        this.offset = moved(this.offset, contentChanges);
      }),
      vscode.workspace.onDidOpenTextDocument((document) => {
        this.opened.set(document, Date.now());
        this.#follow();
      }),
      vscode.workspace.onDidCloseTextDocument((document) => {
        if (document !== this.document) return;
        this.closedAt = Date.now();
        this.#follow();
      }),
    ];
  }

  /** Goes on in a file that was opened with the text of the document as that was closed: it was saved under another name. */
  #follow() {
    const { document } = this;
    if (!document.isClosed) return;
    const text = document.getText();
    const isNext = (one) => !one.isClosed && !one.isUntitled && one.getText() === text;
    // The same file was opened again, or another one just then: two files can have one text.
    const isSame = (one, time) => String(one.uri) === String(document.uri) || (text !== "" && Math.abs(time - this.closedAt) < MOMENT);
    const [next] = [...this.opened].find(([one, time]) => isNext(one) && isSame(one, time)) ?? [];
    this.document = next ?? document;
  }

  /** Inserts text, on lines of its own if it `isBlock`. Resolves to false where the document was closed or cannot be changed. */
  async insert(text, isBlock = false) {
    if (this.document.isClosed) return false;
    const { offset, length, before, after } = this.#where(isBlock);
    const { document } = this;
    const edit = new vscode.WorkspaceEdit();
    const range = new vscode.Range(document.positionAt(offset), document.positionAt(offset + length));
    // One edit is one step of undoing.
    edit.replace(document.uri, range, before + text + after);
    return vscode.workspace.applyEdit(edit);
  }

  /** Where the text goes as the document is by now, how much it replaces, and what stands before and behind it. */
  #where(isBlock) {
    const text = this.document.getText();
    const newline = this.document.eol === vscode.EndOfLine.CRLF ? "\r\n" : "\n";
    const length = this.offset - this.start;
    if (this.kind === "instead" && text.slice(this.start, this.offset) === this.old) {
      return { offset: this.start, length, before: "", after: "" };
    }
    const lineStart = text.lastIndexOf("\n", this.offset - 1) + 1;
    const lineEnd = endOfLine(text, this.offset);
    const isAlone = text.slice(lineStart, lineEnd).trim() === "";
    const isBehindLink = this.kind === "after" || this.kind === "instead";
    const own = (offset) => ({ offset, length: 0, before: newline + newline, after: isBlankBelow(text, offset) ? "" : newline });
    if (this.kind === "paragraph" || (isBlock && !(isAlone && this.kind === "inline"))) {
      if (!isAlone) return own(isBehindLink ? lineEnd : endOfParagraph(text, this.offset));
      // On an empty line, between empty lines.
      const isFirst = text.slice(0, lineStart).trim() === "";
      const before = isFirst || isBlankAbove(text, lineStart) ? "" : newline;
      return { offset: this.offset, length: 0, before, after: isBlankBelow(text, lineEnd) ? "" : newline };
    }
    if (isBlock) {
      const before = lineStart === 0 || isBlankAbove(text, lineStart) ? "" : newline;
      return { offset: this.offset, length: 0, before, after: isBlankBelow(text, lineEnd) ? "" : newline };
    }
    let before = "";
    if (this.kind === "line") before = newline;
    if (isBehindLink) {
      const around = text.slice(text.lastIndexOf("\n", this.start - 1) + 1, this.start) + text.slice(this.offset, lineEnd);
      before = around.trim() === "" ? newline : " ";
    }
    return { offset: this.offset, length: 0, before, after: "" };
  }

  forget() {
    for (const one of this.listening) one.dispose();
  }
}

function endOfLine(text, offset) {
  const end = text.indexOf("\n", offset);
  if (end < 0) return text.length;
  return text[end - 1] === "\r" && end > offset ? end - 1 : end;
}

/** The end of the last line that is not empty, from a line on. */
function endOfParagraph(text, offset) {
  let end = endOfLine(text, offset);
  while (!isBlankBelow(text, end)) end = endOfLine(text, text.indexOf("\n", end) + 1);
  return end;
}

/** Whether the line below the end of a line is empty, or there is none. */
function isBlankBelow(text, lineEnd) {
  const next = text.indexOf("\n", lineEnd);
  return next < 0 || text.slice(next + 1, endOfLine(text, next + 1)).trim() === "";
}

/** Whether the line above the start of a line is empty. */
function isBlankAbove(text, lineStart) {
  return text.slice(text.lastIndexOf("\n", lineStart - 2) + 1, lineStart).trim() === "";
}

/**
 * An offset after changes, whose ranges are those of the document before them. Text typed at the place itself comes
 * behind the link, or with `isStart` before it; where the text round it is deleted, the place is where that text was.
 */
function moved(offset, changes, isStart = false) {
  let shift = 0;
  for (const { rangeOffset, rangeLength, text } of changes) {
    if (rangeOffset > offset || (rangeOffset === offset && !(isStart && rangeLength === 0))) continue;
    shift += rangeOffset + rangeLength <= offset ? text.length - rangeLength : rangeOffset - offset;
  }
  return offset + shift;
}

module.exports = { Place, moved };
