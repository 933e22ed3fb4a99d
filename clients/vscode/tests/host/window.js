"use strict";

// The window of a real VS Code's extension host: it has the interface of the double (`../vscode.js`), so that the same tests run in both.

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const values = require("../values.js");
const { Document, changed, closed, documents, opened } = require("../documents.js");
const { components, identifier, manifest, startHost } = require("./process.js");
const { WithBuffers } = require("./wire.js");

const { Position, Range, Selection, Uri } = values;
let host;
let editors = 0;
let editor;
const pickers = new Map();
const panels = new Map();
const decorations = new Map();
const secrets = new Map();
const storage = new Map();
const registered = new Set();
const tools = new Set();
let hovers = [];

const call = (service, method, given, isCancellable) => host?.calls.call(service, method, given, isCancellable);
const uriOf = (document) => components(document.uri.path, document.uri.scheme);
const find = (uri) => documents.find((one) => one.uri.scheme === uri.scheme && one.uri.path === uri.path);

const usual = () => ({
  settings: {}, messages: [], modals: [], progress: [], statusBar: [], clipboard: "", opened: [], panel: undefined, cancel: undefined,
  answerInput: () => undefined, answerPick: () => undefined, answerModal: () => undefined,
});
let project;

const state = {
  ...usual(),
  reset() {
    state.open(undefined);
    for (const document of [...documents]) document.close();
    const names = Object.keys(state.settings);
    Object.assign(state, usual());
    state.project = undefined;
    if (names.length > 0) configure(names);
  },
  open(document, anchor = new Position(0, 0), active = anchor) {
    const removedEditors = editor ? [editor.id] : [];
    editor = document && { id: `editor-${++editors}`, document };
    const line = ({ line, character }, side) => ({ [`${side}LineNumber`]: line + 1, [`${side}Column`]: character + 1 });
    const addedEditors = editor ? [{
      id: editor.id, documentUri: uriOf(document),
      options: { tabSize: 2, indentSize: 2, originalIndentSize: 2, insertSpaces: true, cursorStyle: 1, lineNumbers: 1 },
      selections: [{ ...line(anchor, "selectionStart"), ...line(active, "position") }],
      visibleRanges: [], editorPosition: 0,
    }] : [];
    call("ExtHostDocumentsAndEditors", "$acceptDocumentsAndEditorsDelta", [{ removedEditors, addedEditors, newActiveEditor: editor?.id ?? null }]);
    return document;
  },
  set(name, value, section = "imagewire") {
    state.settings[`${section}.${name}`] = value;
    configure([`${section}.${name}`]);
  },
  set project(folder) {
    project = folder;
    const folders = folder ? [{ uri: components(folder), name: path.basename(folder), index: 0 }] : [];
    call("ExtHostWorkspace", "$acceptWorkspaceData", [folder ? { id: folder, name: path.basename(folder), folders } : null]);
  },
  get project() {
    return project;
  },
  listeners: 0,
  async run(name, ...given) {
    // Settings are taken over a moment later than a command that comes right behind them.
    await call("ExtHostExtensionService", "$test_latency", [0]);
    try {
      return await call("ExtHostCommands", "$executeContributedCommand", [name, ...given]);
    } finally {
      // Messages that the command shows last come before the answer to this.
      await call("ExtHostExtensionService", "$test_latency", [0]);
    }
  },
  get commands() {
    return [...registered];
  },
  async hover(document, { line, character }) {
    const hover = await call("ExtHostLanguageFeatures", "$provideHover", [hovers[0], uriOf(document), { lineNumber: line + 1, column: character + 1 }, undefined], true);
    return hover?.contents[0].value;
  },
  get hasTools() {
    return tools.size > 0;
  },
  /** Calls a tool as an agent does. */
  async tool(name, parameters) {
    assert.ok(tools.has(name));
    return call("ExtHostLanguageModelTools", "$invokeTool", [{ callId: "1", toolId: name, parameters, context: undefined }], true);
  },
  get shown() {
    return [...decorations.values()].filter(({ count }) => count > 0).map(({ file }) => file).sort();
  },
  get pid() {
    return host?.pid;
  },
};

/** The settings as the extension host gets them. */
function configuration() {
  const model = (settings) => {
    const contents = {};
    for (const [name, value] of Object.entries(settings)) {
      const [section, key] = name.split(".");
      (contents[section] ??= {})[key] = value;
    }
    return { contents, keys: Object.keys(settings), overrides: [] };
  };
  const properties = Object.entries(manifest.contributes.configuration.properties);
  const defaults = { ...Object.fromEntries(properties.map(([name, one]) => [name, one.default])), "files.readonlyInclude": {}, "files.readonlyExclude": {} };
  const none = model({});
  return {
    defaults: model(defaults), policy: none, application: none, user: model(state.settings), userLocal: model(state.settings), userRemote: none,
    workspace: none, folders: [], configurationScopes: [],
  };
}

const configure = (keys) => call("ExtHostConfiguration", "$acceptConfigurationChanged", [configuration(), { keys, overrides: [] }]);

// -- documents: those of the double, told to the extension host

opened.event((document) => call("ExtHostDocumentsAndEditors", "$acceptDocumentsAndEditorsDelta", [{ addedDocuments: [added(document)] }]));
closed.event((document) => {
  const isShown = editor?.document === document;
  const delta = { removedDocuments: [uriOf(document)], ...(isShown ? { removedEditors: [editor.id], newActiveEditor: null } : {}) };
  if (isShown) editor = undefined;
  call("ExtHostDocumentsAndEditors", "$acceptDocumentsAndEditorsDelta", [delta]);
});
changed.event(({ document, contentChanges, range }) => {
  document.version = (document.version ?? 1) + 1;
  const changes = contentChanges.map((change) => ({ ...change, range: oneBased(range) }));
  const event = { changes, eol: "\n", versionId: document.version, isUndoing: false, isRedoing: false };
  call("ExtHostDocuments", "$acceptModelChanged", [uriOf(document), event, true]);
});

const oneBased = ({ start, end }) => ({
  startLineNumber: start.line + 1, startColumn: start.character + 1, endLineNumber: end.line + 1, endColumn: end.character + 1,
});
const added = (document) => ({
  uri: uriOf(document), versionId: document.version ?? 1, lines: document.text.split("\n"), EOL: "\n", languageId: document.languageId,
  isDirty: false, encoding: "utf8",
});

// -- what the extension host asks of its window

const levels = ["", "information", "warning", "error"];
const services = {
  MainThreadMessageService: {
    async $showMessage(severity, text, { modal }, commands) {
      const actions = commands.map(({ title }) => title);
      if (modal) {
        state.modals.push({ text, actions: actions.filter((title) => title !== "Cancel") });
        const answer = await state.answerModal(text, actions);
        return commands.find(({ title }) => title === answer)?.handle;
      }
      state.messages.push({ level: levels[severity], text, actions });
      return undefined;
    },
  },
  MainThreadQuickOpen: {
    $show: (instance, options) => new Promise((resolve, reject) => pickers.set(instance, { options, resolve, reject })),
    async $setItems(instance, items) {
      const { options, resolve, reject } = pickers.get(instance);
      pickers.delete(instance);
      try {
        const shown = items.map((one) => ({ ...one, iconPath: one.iconPath?.dark ?? one.iconPath ?? one.iconPathDto?.dark }));
        resolve((await state.answerPick(shown, options))?.handle);
      } catch (error) {
        reject(error);
      }
    },
    $input: async (options) => state.answerInput({ ...options, validateInput: undefined }),
  },
  MainThreadProgress: {
    $startProgress(handle, options) {
      state.cancel = () => call("ExtHostProgress", "$acceptProgressCanceled", [handle]);
      shownProgress.set(handle, options);
    },
    $progressReport: (handle, report) => void state.progress.push({ ...shownProgress.get(handle), ...report }),
    $progressEnd: (handle) => void shownProgress.delete(handle),
  },
  MainThreadStatusBar: {
    $setEntry: (id, statusId, extensionId, name, text, tooltip) => void state.statusBar.push({ id: statusId, text, tooltip: tooltip?.value ?? tooltip }),
    $disposeEntry: () => void state.statusBar.push(undefined),
  },
  MainThreadClipboard: { $writeText: (text) => void (state.clipboard = text) },
  MainThreadBulkEdits: {
    $tryApplyWorkspaceEdit({ edits }) {
      for (const { resource, textEdit, edit = textEdit } of edits) {
        const document = find(resource);
        if (!document || document.isReadOnly) return false;
        const { range, text } = edit;
        const start = document.offsetAt(new Position(range.startLineNumber - 1, range.startColumn - 1));
        const end = document.offsetAt(new Position(range.endLineNumber - 1, range.endColumn - 1));
        document.change(start, end - start, text, true);
      }
      return true;
    },
  },
  MainThreadCommands: {
    $registerCommand: (id) => void registered.add(id),
    $unregisterCommand: (id) => void registered.delete(id),
    $executeCommand(id, given) {
      const name = id === "_workbench.open" ? "vscode.open" : id;
      state.opened.push([name, ...(given ?? []).filter((one) => one?.path ?? typeof one === "string").map((one) => (one.path ? String(new Uri(one.scheme, one.path)) : one))]);
    },
  },
  MainThreadSecretState: {
    $getPassword: (id, key) => secrets.get(key),
    $setPassword(id, key, value) {
      secrets.set(key, value);
      call("ExtHostSecretState", "$onDidChangePassword", [{ extensionId: id, key }]);
    },
    $deletePassword(id, key) {
      secrets.delete(key);
      call("ExtHostSecretState", "$onDidChangePassword", [{ extensionId: id, key }]);
    },
  },
  MainThreadStorage: {
    $initializeExtensionStorage: (isShared, id) => storage.get(`${isShared}${id}`),
    $setValue: (isShared, id, value) => void storage.set(`${isShared}${id}`, JSON.stringify(value)),
  },
  MainThreadDocuments: { $tryOpenDocument: (uri) => uri },
  MainThreadTextEditors: {
    $registerTextEditorDecorationType: (id, key, { gutterIconPath }) => void decorations.set(key, { file: gutterIconPath.path, count: 0 }),
    $removeTextEditorDecorationType: (key) => void decorations.delete(key),
    $trySetDecorations: (id, key, ranges) => void Object.assign(decorations.get(key) ?? {}, { count: ranges.length }),
    $trySetDecorationsFast: (id, key, ranges) => void Object.assign(decorations.get(key) ?? {}, { count: ranges.length / 4 }),
  },
  MainThreadWebviewPanels: {
    $createWebviewPanel(extension, handle, type, { webviewOptions }) {
      const panel = {
        options: webviewOptions, posted: [], html: "",
        send: (message) => call("ExtHostWebviews", "$onMessage", [handle, JSON.stringify(message ?? null), new WithBuffers([])]),
      };
      panels.set(handle, panel);
      state.panel = panel;
    },
    $reveal: (handle) => void (state.panel = panels.get(handle)),
  },
  MainThreadWebviews: {
    $setHtml: (handle, html) => void (panels.get(handle).html = html),
    $postMessage: (handle, message) => panels.get(handle).posted.push(JSON.parse(message)) > 0,
  },
  MainThreadLanguageFeatures: { $registerHoverProvider: (handle) => void hovers.push(handle) },
  MainThreadLanguageModelTools: { $registerTool: (id) => void tools.add(id), $getTools: () => [] },
  MainThreadLocalization: {
    $fetchBundleContents: (uri) => fs.readFileSync(uri.path, "utf8"),
  },
  MainThreadExtensionService: {
    $onExtensionActivationError(id, error) {
      console.error("the extension could not be activated:", error.message, error.stack);
    },
    $onExtensionRuntimeError: (id, error) => console.error("an error in the extension:", error.message, error.stack),
  },
};
const shownProgress = new Map();

/** Starts the extension host with the extension, if it does not run yet. */
async function start(language) {
  if (host) return;
  hovers = [];
  host = await startHost(process.env.VSCODE, services, language);
  // Without these two nothing is activated.
  call("ExtHostConfiguration", "$initializeConfiguration", [configuration()]);
  call("ExtHostWorkspace", "$initializeWorkspace", [null, true]);
  call("ExtHostFileSystemInfo", "$acceptProviderInfos", [components("/"), 2 | 4 | 1024]);
  call("ExtHostDocumentsAndEditors", "$acceptDocumentsAndEditorsDelta", [{ addedDocuments: documents.map(added) }]);
  await call("ExtHostExtensionService", "$activate", [identifier, { startup: false, extensionId: identifier, activationEvent: "onCommand:imagewire.generate" }]);
}

async function end() {
  const ending = host;
  host = undefined;
  editor = undefined;
  await ending?.end();
}

module.exports = { ...values, Document, Range, Selection, state, start, end };
