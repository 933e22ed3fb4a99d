"use strict";

const vscode = require("vscode");
const { Imagewire, KEY } = require("./imagewire.js");
const { Place } = require("./place.js");
const { folderOf, kindsOf, linksTo, nameFor, short } = require("./link.js");
const { percent, words } = require("./progress.js");
const { plain, sayError, sayInformation, sayWarning } = require("./say.js");
const { StatusBar } = require("./status.js");

/** Called by VS Code before the first command. */
function activate(context) {
  const imagewire = new Imagewire(context.secrets);
  const statusBar = new StatusBar();
  const command = (name, body) =>
    vscode.commands.registerCommand(name, async (...given) => {
      try {
        return await body(...given);
      } catch (error) {
        sayError(error.message);
      }
    });

  context.subscriptions.push(
    imagewire,
    statusBar,
    command("imagewire.generate", (prompt) => generate(imagewire, statusBar, prompt)),
    command("imagewire.insert", () => insertEarlier(imagewire)),
    command("imagewire.setKey", () => setKey(context.secrets)),
    command("imagewire.forgetKey", () => context.secrets.delete(KEY)),
    // A process keeps the settings of its start: the next command starts another one.
    context.secrets.onDidChange(({ key }) => key === KEY && imagewire.renew()),
    vscode.workspace.onDidChangeConfiguration((event) => event.affectsConfiguration("imagewire") && imagewire.renew()),
  );
}

/** Makes an image from the selection, or from a typed prompt, and inserts a link where the command was given. */
async function generate(imagewire, statusBar, given) {
  const editor = editorOrError();
  const { document, selection } = editor;
  const selected = given ? "" : document.getText(selection);
  // The place is kept from here on: the document may change while the user types a prompt.
  const place = selected.trim() ? Place.below(document, selection.end) : Place.at(document, selection.active);
  try {
    const prompt =
      given || (selected.trim() ? selected : await vscode.window.showInputBox({ prompt: "Image of", ignoreFocusOut: true }));
    if (!prompt?.trim()) return;
    const title = plain(prompt, 60);
    const prediction = await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title, cancellable: true },
      async (progress, token) => {
        const shown = statusBar.add(title);
        try {
          return await work(imagewire, prompt, document, reporter(progress, shown), token);
        } finally {
          shown.remove();
        }
      },
    );
    if (prediction) await land(prediction, prompt, place);
    else sayInformation(`${short(prompt, 40)}: cancelled before it was sent. Nothing was spent.`);
  } finally {
    place.forget();
  }
}

/** A function of a prediction in progress, which shows it in its notification and in the status bar. */
function reporter(progress, shown) {
  const begun = Date.now();
  let reported = 0;
  return (prediction) => {
    const message = words(prediction, `${prediction.status}, ${Math.round((Date.now() - begun) / 1000)} s`);
    shown.update(message, prediction.eta_ms);
    if (prediction.progress === undefined) return progress.report({ message });
    // The bar fills by increments; a report without one, were it 0, would make it run without an end again.
    const increment = Math.max(0, percent(prediction.progress) - reported);
    reported += increment;
    progress.report({ message, increment });
  };
}

/** The prediction, once it is finished, however it ended; undefined where it was cancelled before it was sent. */
async function work(imagewire, prompt, document, onProgress, token) {
  const settings = vscode.workspace.getConfiguration("imagewire", document.uri);
  const folder = folderOf(document, settings.get("folder"));
  const client = await imagewire.client();
  const aborting = new AbortController();
  const { signal } = aborting;
  const listening = token.onCancellationRequested(() => aborting.abort());
  if (token.isCancellationRequested) aborting.abort();
  try {
    const { id } = await client.submit(prompt, {
      input: settings.get("input"),
      tags: ["vscode"],
      outputDir: folder,
      outputName: folder && nameFor(prompt),
      signal,
    });
    const cancel = () => client.cancel(id).catch(() => {}); // `result` says how it went.
    if (signal.aborted) cancel();
    else signal.addEventListener("abort", cancel, { once: true });
    return await client.result(id, { onProgress });
  } catch (error) {
    if (signal.aborted && error === signal.reason) return undefined;
    throw error;
  } finally {
    listening.dispose();
  }
}

/** Inserts the links of a prediction, or says why there are none. */
async function land(prediction, prompt, place) {
  if (prediction.status !== "completed" || prediction.files.length === 0) return explain(prediction, prompt);
  const text = linksTo(prediction.files, prompt, place.document, settingFolder(place.document));
  if (await place.insert(text)) return;
  await vscode.env.clipboard.writeText(text);
  sayWarning("the document was closed or cannot be changed; the link to the file is in the clipboard.");
}

/** Reports how a prediction without an image ended, and what it may cost. */
function explain({ status, error, failure }, prompt) {
  const reason = error || failure?.message || status;
  const hint = failure?.hint && !reason.includes(failure.hint) ? ` ${failure.hint}` : "";
  const text = `${short(prompt, 40)}: ${status}: ${reason}${hint}`;
  if (status === "cancelled") sayInformation(text);
  else sayError(text);
}

/** Lets the user choose one of the newest images of all editors, and inserts a link to it. */
async function insertEarlier(imagewire) {
  const { document, selection } = editorOrError();
  const place = Place.at(document, selection.active);
  try {
    const client = await imagewire.client();
    const { predictions } = await client.list({ limit: 50 });
    // A page comes without the prompts; asking for each is cheap.
    const whole = await Promise.all(predictions.map(({ id }) => client.status(id)));
    const items = whole.map((prediction) => ({
      label: short(prediction.input?.prompt ?? "(a long prompt)", 80),
      description: `${[prediction.status, kindsOf(prediction.files)].filter(Boolean).join(", ")}, ${new Date(prediction.created_at).toLocaleString()}`,
      prediction,
    }));
    if (items.length === 0) return sayInformation("no images yet.");
    const chosen = await vscode.window.showQuickPick(items, { placeHolder: "Which image?", matchOnDescription: true });
    if (!chosen) return;
    // As it is by now; a download that failed is tried again.
    const prediction = await client.call("result", { id: chosen.prediction.id, timeout_ms: 0 });
    if (prediction.status === "created" || prediction.status === "processing") {
      return sayInformation(`this one is not finished: ${prediction.status}.`);
    }
    await land(prediction, chosen.prediction.input?.prompt ?? "", place);
  } finally {
    place.forget();
  }
}

async function setKey(secrets) {
  const key = await vscode.window.showInputBox({
    prompt: "The key of your WaveSpeedAI account; it is kept in VS Code's secret storage",
    password: true,
    ignoreFocusOut: true,
  });
  if (key?.trim()) await secrets.store(KEY, key.trim());
}

function editorOrError() {
  const editor = vscode.window.activeTextEditor;
  if (!editor) throw new Error("open a document first: the link goes to its cursor.");
  return editor;
}

const settingFolder = (document) =>
  folderOf(document, vscode.workspace.getConfiguration("imagewire", document.uri).get("folder"));

module.exports = { activate };
