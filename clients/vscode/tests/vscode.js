"use strict";

// A small double of the module `vscode`: what the extension calls of it, and a window whose answers a test gives. The same tests run
// in the extension host of a real VS Code (`host/window.js`), so that the two do not drift apart.

const fs = require("node:fs");
const path = require("node:path");
const values = require("./values.js");
const { Document, changed, closed, documents, opened } = require("./documents.js");

const { Disposable, EventEmitter, Selection } = values;
const changedSettings = new EventEmitter();
const changedEditor = new EventEmitter();
const changedEditors = new EventEmitter();
const commands = {};
const tools = {};
const servers = {};
let hovers = [];

/** What a test sets and looks at. `statusBar` has what the items have shown, and undefined where one was hidden. */
const state = {
  settings: {}, messages: [], modals: [], progress: [], statusBar: [], clipboard: "", opened: [], decorations: new Map(), panel: undefined,
  answerInput: () => undefined, answerPick: () => undefined, answerModal: () => undefined, cancel: undefined, project: undefined,
  reset() {
    Object.assign(state, {
      settings: {}, messages: [], modals: [], progress: [], statusBar: [], clipboard: "", opened: [], panel: undefined, cancel: undefined,
      answerInput: () => undefined, answerPick: () => undefined, answerModal: () => undefined, project: undefined,
    });
    documents.length = 0;
    state.open(undefined);
  },
  /** Opens a document in the editor, with a selection; without a document closes all editors. */
  open(document, anchor = new values.Position(0, 0), active = anchor) {
    const editor = document && {
      document,
      selection: new Selection(anchor, active),
      setDecorations: ({ options }, ranges) => state.decorations.set(options.gutterIconPath.fsPath, ranges.length),
    };
    Object.assign(window, { activeTextEditor: editor, visibleTextEditors: editor ? [editor] : [] });
    changedEditor.fire(editor);
    changedEditors.fire(window.visibleTextEditors);
    return document;
  },
  set(name, value, section = "imagewire") {
    state.settings[`${section}.${name}`] = value;
    changedSettings.fire({ affectsConfiguration: (wanted) => `${section}.${name}`.startsWith(wanted) });
  },
  /** What the extension listens to in documents. */
  get listeners() {
    return changed.count;
  },
  run: (name, ...given) => commands[name](...given),
  get commands() {
    return Object.keys(commands);
  },
  hover: async (document, position) => hovers[0].provideHover(document, position)?.contents[0].value,
  tools,
  servers,
  /** The files whose images are shown, by the lines that they are shown at. */
  get shown() {
    return [...state.decorations].filter(([, count]) => count > 0).map(([file]) => file).sort();
  },
};

const properties = require("../package.json").contributes.configuration.properties;
const defaults = { "files.readonlyInclude": {}, "files.readonlyExclude": {} };
const settingsOf = (section) => ({
  get(name) {
    const whole = `${section}.${name}`;
    const property = properties[whole] ?? (whole in defaults ? { default: defaults[whole] } : undefined);
    if (!property) throw new Error(`${whole} is not in package.json`);
    return whole in state.settings ? state.settings[whole] : property.default;
  },
});

const say = (level) => async (text, ...rest) => {
  if (rest[0]?.modal) {
    state.modals.push({ text, actions: rest.slice(1) });
    return state.answerModal(text, rest.slice(1));
  }
  state.messages.push({ level, text, actions: rest });
  return undefined;
};

class WorkspaceEdit {
  edits = [];
  replace(uri, range, text) {
    this.edits.push({ uri, range, text });
  }
}

const window = {
  activeTextEditor: undefined,
  visibleTextEditors: [],
  onDidChangeActiveTextEditor: changedEditor.event,
  onDidChangeVisibleTextEditors: changedEditors.event,
  showInputBox: async (options) => state.answerInput(options),
  showQuickPick: async (items, options) => state.answerPick(items, options),
  showErrorMessage: say("error"),
  showWarningMessage: say("warning"),
  showInformationMessage: say("information"),
  createStatusBarItem(id) {
    return {
      show() {
        state.statusBar.push({ id, text: this.text, tooltip: this.tooltip?.value ?? this.tooltip });
      },
      hide: () => state.statusBar.push(undefined),
      dispose: () => {},
    };
  },
  createTextEditorDecorationType: (options) => ({ options, dispose: () => state.decorations.delete(options.gutterIconPath.fsPath) }),
  createWebviewPanel(type, title, column, options) {
    const [received, disposed] = [new EventEmitter(), new EventEmitter()];
    const webview = { html: "", onDidReceiveMessage: received.event, postMessage: async (message) => state.panel.posted.push(message) };
    state.panel = { options, posted: [], get html() { return webview.html; }, send: (message) => received.fire(message) };
    return { webview, onDidDispose: disposed.event, reveal: () => {}, dispose: () => disposed.fire() };
  },
  async withProgress(options, task) {
    const cancelled = new EventEmitter();
    const token = { isCancellationRequested: false, onCancellationRequested: cancelled.event };
    state.cancel = () => {
      token.isCancellationRequested = true;
      cancelled.fire();
    };
    return task({ report: (report) => state.progress.push({ ...options, ...report }) }, token);
  },
};

const workspace = {
  onDidChangeTextDocument: changed.event,
  onDidOpenTextDocument: opened.event,
  onDidCloseTextDocument: closed.event,
  onDidChangeConfiguration: changedSettings.event,
  getConfiguration: settingsOf,
  getWorkspaceFolder: (uri) => (state.project && uri.fsPath.startsWith(`${state.project}/`) ? { uri: values.Uri.file(state.project) } : undefined),
  openTextDocument: async (uri) => documents.find((one) => String(one.uri) === String(uri)),
  fs: {
    isWritableFileSystem: (scheme) => ({ file: true, git: false })[scheme],
    stat: async (uri) => ({ ...fs.statSync(uri.fsPath), permissions: undefined }),
  },
  async applyEdit({ edits }) {
    for (const { uri, range, text } of edits) {
      const document = documents.find((one) => one.uri === uri);
      if (!document || document.isReadOnly) return false;
      const start = document.offsetAt(range.start);
      document.change(start, document.offsetAt(range.end) - start, text, true);
    }
    return true;
  },
};

module.exports = {
  ...values, WorkspaceEdit, Document, state, window, workspace,
  EndOfLine: { LF: 1, CRLF: 2 },
  FilePermission: { Readonly: 1 },
  ProgressLocation: { Notification: 15 },
  StatusBarAlignment: { Left: 1, Right: 2 },
  ViewColumn: { Beside: -2 },
  commands: {
    registerCommand(name, body) {
      commands[name] = body;
      return new Disposable(() => commands[name] === body && delete commands[name]);
    },
    executeCommand: async (name, ...given) => void state.opened.push([name, ...given.map(String)]),
  },
  env: { clipboard: { writeText: async (text) => void (state.clipboard = text) } },
  l10n: {
    t: (text, ...given) => text.replace(/\{(\d+)\}/g, (whole, index) => (index in given ? given[index] : whole)),
  },
  languages: {
    registerHoverProvider(selector, provider) {
      hovers = [provider, ...hovers];
      return new Disposable(() => (hovers = hovers.filter((one) => one !== provider)));
    },
    match: ({ pattern }, { uri }) => (uri.fsPath.endsWith(path.basename(pattern)) ? 10 : 0),
  },
  lm: {
    registerTool(name, tool) {
      tools[name] = tool;
      return new Disposable(() => delete tools[name]);
    },
    registerMcpServerDefinitionProvider(id, provider) {
      servers[id] = provider;
      return new Disposable(() => delete servers[id]);
    },
  },
};
