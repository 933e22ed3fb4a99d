"use strict";

const vscode = require("vscode");

/** The place of a link: an offset that follows every change of the document. */
class Place {
  /** At a position. */
  static at(document, position) {
    return new Place(document, document.offsetAt(position), "");
  }

  /** On a new line below the line of a position. */
  static below(document, position) {
    const isAtStart = position.character === 0 && position.line > 0;
    const line = document.lineAt(isAtStart ? position.line - 1 : position.line);
    return new Place(document, document.offsetAt(line.range.end), "\n");
  }

  constructor(document, offset, before) {
    this.document = document;
    this.offset = offset;
    this.before = before;
    this.listening = vscode.workspace.onDidChangeTextDocument((event) => {
      if (event.document === document) this.offset = moved(this.offset, event.contentChanges);
    });
  }

  /** Inserts text. Resolves to false where the document was closed or cannot be changed. */
  async insert(text) {
    if (this.document.isClosed) return false;
    const edit = new vscode.WorkspaceEdit();
    edit.insert(this.document.uri, this.document.positionAt(this.offset), this.before + text);
    return vscode.workspace.applyEdit(edit);
  }

  forget() {
    this.listening.dispose();
  }
}

/**
 * An offset after changes, whose ranges are those of the document before them. Text typed at the place itself comes
 * behind the link; where the text round it is deleted, the place is where that text was.
 */
function moved(offset, changes) {
  let shift = 0;
  for (const { rangeOffset, rangeLength, text } of changes) {
    if (rangeOffset >= offset) continue;
    shift += rangeOffset + rangeLength <= offset ? text.length - rangeLength : rangeOffset - offset;
  }
  return offset + shift;
}

module.exports = { Place, moved };
