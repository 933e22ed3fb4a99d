"use strict";

const vscode = require("vscode");
const { again, change } = require("./change.js");
const { Choice } = require("./choice.js");
const { followEditors } = require("./editors.js");
const { report } = require("./errors.js");
const { languages } = require("./formats.js");
const { Gallery } = require("./gallery.js");
const { generate } = require("./generate.js");
const { history } = require("./history.js");
const { ImageHover } = require("./hover.js");
const { Imagewire, KEY } = require("./imagewire.js");
const { insertEarlier, list } = require("./list.js");
const { registerServer } = require("./mcp.js");
const { t } = require("./say.js");
const { functions } = require("./settings.js");
const { Images } = require("./show.js");
const { StatusBar } = require("./status.js");
const { registerTool } = require("./tool.js");
const { Works } = require("./work.js");

/** What runs in this window, for `deactivate`. */
let app;

/** Called by VS Code before the first command. Returns the API for other extensions. */
function activate(context) {
  const imagewire = new Imagewire(context.secrets);
  const statusBar = new StatusBar();
  const works = new Works(imagewire, statusBar);
  const choice = new Choice(imagewire);
  app = { imagewire, works, choice };
  const images = new Images(context.globalState);
  const gallery = new Gallery(app);
  const running = app;
  const command = (name, body) =>
    vscode.commands.registerCommand(`imagewire.${name}`, async (...given) => {
      try {
        return await body(...given);
      } catch (error) {
        report(error);
      }
    });

  context.subscriptions.push(
    // First, so that what is not sent is withdrawn before the process ends.
    { dispose: () => end(running) },
    statusBar,
    choice,
    images,
    gallery,
    followEditors(),
    command("generate", (prompt) => generate(running, typeof prompt === "string" ? prompt : undefined)),
    command("change", (given) => change(running, given)),
    command("vary", (given) => again(running, given, true)),
    command("again", (given) => again(running, given, false)),
    command("history", (given) => history(running, given)),
    command("list", () => list(running)),
    command("insert", () => insertEarlier(running)),
    command("chooseModel", () => choice.chooseModel()),
    command("chooseInput", () => choice.chooseInput()),
    command("gallery", () => gallery.open()),
    command("show", () => images.show()),
    command("hide", () => images.hide()),
    command("setKey", () => setKey(context.secrets)),
    command("forgetKey", () => context.secrets.delete(KEY)),
    vscode.languages.registerHoverProvider(Object.keys(languages).map((language) => ({ language, scheme: "file" })), new ImageHover()),
    ...registerTool(running),
    ...registerServer(),
    // A process keeps the settings of its start: the next command starts another one.
    context.secrets.onDidChange(({ key }) => key === KEY && imagewire.renew()),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (processSettings.some((name) => event.affectsConfiguration(`imagewire.${name}`))) imagewire.renew();
    }),
  );
  return api(running);
}

/** The settings that a process keeps. */
const processSettings = ["program", "provider", "model"];

/** What other extensions can do: make an image, and give functions where a setting takes text only. */
const api = (app) => ({
  /** Runs the command for a prompt; resolves when the link is inserted, or a message has said why not. */
  generate: (prompt) => generate(app, prompt),
  /** The folder of a document's images: a function of the document, which returns a path. Undefined: as the setting says. */
  useFolder: (folder) => void (functions.folder = folder),
  /** The text of a link: a function of the prompt and the document. Undefined: as the setting says. */
  useAlt: (alt) => void (functions.alt = alt),
});

async function end({ works, imagewire }) {
  await works.end();
  await imagewire.dispose();
}

/** Called by VS Code before the window closes; it waits 5 s for the promise. */
const deactivate = () => app && end(app);

async function setKey(secrets) {
  const key = await vscode.window.showInputBox({
    prompt: t("The key of your WaveSpeedAI account; it is kept in VS Code's secret storage"),
    password: true,
    ignoreFocusOut: true,
  });
  if (key?.trim()) await secrets.store(KEY, key.trim());
}

module.exports = { activate, deactivate };
