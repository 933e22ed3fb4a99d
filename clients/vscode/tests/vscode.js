"use strict";

// A small double of the module `vscode`: documents that change, and a window whose answers a test gives.

class Position {
  constructor(line, character) {
    Object.assign(this, { line, character });
  }
}

class Selection {
  constructor(anchor, active) {
    const [start, end] = anchor.line < active.line || (anchor.line === active.line && anchor.character <= active.character)
      ? [anchor, active] : [active, anchor];
    Object.assign(this, { anchor, active, start, end });
  }
}

class Disposable {
  constructor(dispose) {
    this.dispose = dispose;
  }
}

function emitter() {
  const listeners = new Set();
  return {
    event: (listener) => {
      listeners.add(listener);
      return new Disposable(() => listeners.delete(listener));
    },
    fire: (event) => listeners.forEach((listener) => listener(event)),
    get count() {
      return listeners.size;
    },
  };
}

const changedText = emitter();
const changedSettings = emitter();

class Document {
  constructor(fsPath, text, languageId = "markdown") {
    Object.assign(this, { text, languageId, isClosed: false, isUntitled: fsPath === undefined, isReadOnly: false });
    this.uri = { scheme: this.isUntitled ? "untitled" : "file", fsPath };
    state.documents.push(this);
  }
  getText(range) {
    return range ? this.text.slice(this.offsetAt(range.start), this.offsetAt(range.end)) : this.text;
  }
  offsetAt({ line, character }) {
    return this.text.split("\n").slice(0, line).reduce((sum, text) => sum + text.length + 1, 0) + character;
  }
  positionAt(offset) {
    const before = this.text.slice(0, offset).split("\n");
    return new Position(before.length - 1, before.at(-1).length);
  }
  lineAt(line) {
    return { range: { start: new Position(line, 0), end: new Position(line, this.text.split("\n")[line].length) } };
  }
  /** Replaces text as typing does, and calls all listeners. */
  change(rangeOffset, rangeLength, text) {
    this.text = this.text.slice(0, rangeOffset) + text + this.text.slice(rangeOffset + rangeLength);
    changedText.fire({ document: this, contentChanges: [{ rangeOffset, rangeLength, text }] });
  }
}

class WorkspaceEdit {
  inserts = [];
  insert(uri, position, text) {
    this.inserts.push({ uri, position, text });
  }
}

/** What a test sets and looks at. `statusBar` has what the item has shown, and undefined where it was hidden. */
const state = {
  documents: [], settings: {}, commands: {}, messages: [], progress: [], statusBar: [], clipboard: "",
  answerInput: () => undefined, answerPick: () => undefined, cancel: undefined,
  reset() {
    Object.assign(state, {
      documents: [], settings: {}, messages: [], progress: [], statusBar: [], clipboard: "", cancel: undefined,
      answerInput: () => undefined, answerPick: () => undefined,
    });
    module.exports.window.activeTextEditor = undefined;
  },
  open(document, anchor = new Position(0, 0), active = anchor) {
    module.exports.window.activeTextEditor = { document, selection: new Selection(anchor, active) };
    return document;
  },
  set(name, value) {
    state.settings[name] = value;
    changedSettings.fire({ affectsConfiguration: (section) => `imagewire.${name}`.startsWith(section) });
  },
  get listeners() {
    return changedText.count;
  },
};

const properties = require("../package.json").contributes.configuration.properties;
const say = (level) => (text) => {
  state.messages.push({ level, text });
  return Promise.resolve(undefined);
};

module.exports = {
  Position, Selection, Disposable, WorkspaceEdit, Document, state, emitter,
  ProgressLocation: { Notification: 15 },
  StatusBarAlignment: { Left: 1 },
  commands: {
    registerCommand(name, body) {
      state.commands[name] = body;
      return new Disposable(() => delete state.commands[name]);
    },
  },
  env: { clipboard: { writeText: async (text) => void (state.clipboard = text) } },
  window: {
    activeTextEditor: undefined,
    showInputBox: async (options) => state.answerInput(options),
    showQuickPick: async (items, options) => state.answerPick(items, options),
    showErrorMessage: say("error"),
    showWarningMessage: say("warning"),
    showInformationMessage: say("information"),
    createStatusBarItem(id) {
      return {
        show() {
          state.statusBar.push({ id, text: this.text, tooltip: this.tooltip });
        },
        hide: () => state.statusBar.push(undefined),
        dispose: () => {},
      };
    },
    async withProgress(options, task) {
      const cancelled = emitter();
      const token = { isCancellationRequested: false, onCancellationRequested: cancelled.event };
      state.cancel = () => {
        token.isCancellationRequested = true;
        cancelled.fire();
      };
      return task({ report: (report) => state.progress.push({ ...options, ...report }) }, token);
    },
  },
  workspace: {
    onDidChangeTextDocument: changedText.event,
    onDidChangeConfiguration: changedSettings.event,
    getConfiguration: (section) => ({
      get(name) {
        const property = properties[`${section}.${name}`];
        if (!property) throw new Error(`${section}.${name} is not in package.json`);
        return name in state.settings ? state.settings[name] : property.default;
      },
    }),
    async applyEdit({ inserts }) {
      for (const { uri, position, text } of inserts) {
        const document = state.documents.find((one) => one.uri === uri);
        if (!document || document.isReadOnly) return false;
        document.change(document.offsetAt(position), 0, text);
      }
      return true;
    },
  },
};
