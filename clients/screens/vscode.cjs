"use strict";

// VS Code without its window, for `vscode.py`: node vscode.cjs FILE. The extension runs with the double of the module `vscode` that its
// tests use. What it hands to the editor is drawn as text in a terminal: the document, the notifications, the questions, the status bar.

const fs = require("node:fs");
const Module = require("node:module");
const path = require("node:path");

const extension = path.join(__dirname, "../vscode");
const resolve = Module._resolveFilename;
Module._resolveFilename = function (request, ...rest) {
  return request === "vscode" ? path.join(extension, "tests/vscode.js") : resolve.call(this, request, ...rest);
};
const { Document, EventEmitter, state, window, workspace } = require("vscode");
const manifest = require(path.join(extension, "package.json"));
const texts = require(path.join(extension, "package.nls.json"));

/** The rows of a list that are drawn. */
const ROWS = 7;
const ICONS = { "loading~spin": "↻", "arrow-up": "↑", "arrow-down": "↓" };

const items = [];
const notifications = new Set();
/** The question that is open: an input, a list with an input, or a dialog. */
let question;
/** The offset of the cursor in the document. */
let cursor = 0;
let drawn;

// -- what the extension tells the editor ---------------------------------------------------------------------------------

window.createStatusBarItem = () => {
  const item = { isShown: false, show: () => set(true), hide: () => set(false), dispose: () => set(false) };
  const set = (isShown) => {
    item.isShown = isShown;
    draw();
  };
  items.push(item);
  return item;
};

const withProgress = window.withProgress;
window.withProgress = async (options, task) => {
  const shown = { ...options, message: undefined };
  notifications.add(shown);
  draw();
  try {
    return await withProgress(options, (progress, token) => task({
      report(report) {
        progress.report(report);
        Object.assign(shown, report);
        draw();
      },
    }, token));
  } finally {
    notifications.delete(shown);
    draw();
  }
};

state.answerInput = ({ prompt }) => ask({ title: prompt });
state.answerPick = (rows, { placeHolder }) => ask({ title: placeHolder, rows });
state.answerModal = async (title, actions) => (await ask({ title, rows: actions.map((label) => ({ label })), isDialog: true }))?.label;

/** Asks, and resolves to the answer. A question that is open already ends without one, as in VS Code. */
function ask(asked) {
  question?.close(undefined);
  return new Promise((answer) => {
    const close = (given) => {
      question = undefined;
      answer(given);
    };
    question = { mark: "", value: "", chosen: 0, isDialog: false, ...asked, close };
    draw();
  });
}

/** The rows of a list that what is typed leaves. */
const left = ({ rows, value }) => rows.filter(({ label }) => label.toLowerCase().includes(value.toLowerCase()));

// -- the keys --------------------------------------------------------------------------------------------------------------

/** The commands by the names that the manifest gives them. */
async function openPalette() {
  state.messages.length = 0;
  const rows = manifest.contributes.commands.map(({ command, category, title }) => ({
    label: `${category}: ${texts[title.slice(1, -1)]}`, command,
  }));
  const chosen = await ask({ title: "Commands", mark: ">", rows });
  if (!chosen) return;
  // What it does next may be seen before it ends.
  state.run(chosen.command).finally(draw);
}

const KEYS = {
  "\x10": openPalette,
  "\x0e": () => (question ? choose(1) : goTo(document.text.indexOf("\n", cursor) + 1 || cursor)),
  "\x1b<": () => goTo(0),
  "\x1b>": () => goTo(document.text.length),
  "\r": () => (question ? question.close(question.rows ? left(question)[question.chosen] : question.value) : type("\n")),
  "\x1b": () => question?.close(undefined),
};

function choose(step) {
  if (question.rows) question.chosen = Math.min(question.chosen + step, left(question).length - 1);
}

function type(text) {
  if (question?.isDialog) return;
  if (question) return void Object.assign(question, { value: question.value + text, chosen: 0 });
  document.change(cursor, 0, text);
  goTo(cursor + text.length);
}

function goTo(offset) {
  cursor = offset;
  state.open(document, document.positionAt(offset));
}

// -- the picture -----------------------------------------------------------------------------------------------------------

/** Text of others on one line: what could steer a terminal, or turn the text around, is replaced. */
const plain = (text) => text.replace(/[\p{Cc}\p{Cf}]/gu, "\ufffd");
const withIcons = (text) => text.replace(/\$\(([\w~-]+)\)/g, (_, name) => ICONS[name] ?? "•");
const cut = (text, columns) => [...plain(text)].slice(0, columns).join("");
const bar = (left, right, columns) => `\x1b[7m${cut(left, columns - right.length).padEnd(columns - right.length)}${right}\x1b[0m`;

/** What is open below the document; `> ` marks the chosen row. */
function panel(columns) {
  if (question) {
    const { title, mark, value, rows, chosen, isDialog } = question;
    if (isDialog) return [cut(` ${title}`, columns), ` ${rows.map(({ label }) => `[${plain(label)}]`).join(" ")}`];
    const shown = rows ? left(question) : [];
    const start = Math.max(0, chosen - ROWS + 1);
    const listed = shown.slice(start, start + ROWS).map(({ label, description = "" }, index) => {
      const row = cut(`${start + index === chosen ? " > " : "   "}${withIcons(label)}  ${withIcons(description)}`.trimEnd(), columns);
      return start + index === chosen ? `\x1b[1m${row}\x1b[0m` : row;
    });
    return [cut(` ${title}`, columns), cut(` ${mark}${value}`, columns), ...listed];
  }
  return [
    ...[...notifications].map(({ title, message, cancellable }) => ({
      text: [title, message].filter(Boolean).join(": "), actions: cancellable ? ["Cancel"] : [],
    })),
    ...state.messages,
  ].map(({ text, actions }) => cut(` ${[text, ...actions.map((action) => `[${action}]`)].join("  ")}`, columns));
}

/** The document in lines of the width, and where the cursor is in them. */
function page(columns) {
  const lines = [];
  const at = document.positionAt(cursor);
  let place;
  document.text.split("\n").forEach((line, number) => {
    if (number === at.line) place = [lines.length + Math.floor(at.character / columns), at.character % columns];
    for (let start = 0; start === 0 || start < line.length; start += columns) lines.push(plain(line.slice(start, start + columns)));
  });
  return { lines, place };
}

function draw() {
  const { columns, rows } = process.stdout;
  const below = panel(columns);
  if (below.length > 0) below.unshift("─".repeat(columns));
  const height = rows - 2 - below.length;
  const { lines, place: [row, column] } = page(columns);
  const start = Math.max(0, row - height + 1);
  const shown = Array.from({ length: height }, (_, index) => lines[start + index] ?? "");
  const status = items.filter(({ isShown }) => isShown).map(({ text }) => withIcons(text)).join("  ");
  const title = bar(` ${path.basename(document.uri.fsPath)}`, "VS Code, drawn as text ", columns);
  const all = [title, ...shown, ...below, bar(` ${status}`, "", columns)].map((line) => `\x1b[K${line}`).join("\r\n");
  const [top, side] = question ? [height + 4, question.mark.length + question.value.length + 2] : [row - start + 2, column + 1];
  const picture = `\x1b[?25l\x1b[H${all}\x1b[${top};${side}H${question?.isDialog ? "" : "\x1b[?25h"}`;
  if (picture !== drawn) process.stdout.write((drawn = picture));
}

// -- the start -------------------------------------------------------------------------------------------------------------

const file = path.resolve(process.argv[2]);
const document = new Document(file, fs.readFileSync(file, "utf8"));
const kept = new Map();
const secrets = { get: async () => undefined, store: async () => {}, delete: async () => {}, onDidChange: new EventEmitter().event };
goTo(0);
require(path.join(extension, "src/extension.js")).activate({
  subscriptions: [], secrets,
  globalState: { get: (key, usual) => kept.get(key) ?? usual, update: async (key, value) => void kept.set(key, value) },
});
// A link before the cursor moves it on.
workspace.onDidChangeTextDocument(({ contentChanges }) => {
  for (const { rangeOffset, rangeLength, text } of contentChanges) {
    if (rangeOffset < cursor) goTo(cursor + text.length - rangeLength);
  }
  draw();
});
process.stdin.setRawMode(true);
process.stdin.on("data", (data) => {
  for (const key of data.toString().match(/\x1b.|[^]/gu)) {
    if (KEYS[key]) KEYS[key]();
    else type(key);
  }
  draw();
});
draw();
