"use strict";

// What is VS Code's own: translations, the tool and the server for agents, the gallery's page, and other extensions.

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const { test } = require("node:test");
const { client, count, isHost, isImage, open, run, session, told, until, wavespeed } = require("./support.js");
const window = require("./window.js");

const { state } = window;

const here = path.join(__dirname, "..");
const json = (name) => JSON.parse(fs.readFileSync(path.join(here, name), "utf8"));

test("every text of the sources is in the German bundle, with the same values, and no other", () => {
  const source = fs.readdirSync(path.join(here, "src")).map((name) => fs.readFileSync(path.join(here, "src", name), "utf8")).join("\n");
  const used = [...source.matchAll(/(?<![\w.])(?:vscode\.l10n\.)?t\(\s*("(?:[^"\\]|\\.)*")/g)].map(([, text]) => JSON.parse(text));
  const bundle = json("l10n/bundle.l10n.de.json");
  assert.deepEqual(Object.keys(bundle).sort(), [...new Set(used)].sort());
  const values = (text) => (text.match(/\{\d\}|\$\([\w-]+\)/g) ?? []).sort();
  for (const [text, translated] of Object.entries(bundle)) assert.deepEqual(values(translated), values(text), text);
});

test("the only dialogs are those that confirm [editor 1, 42]", () => {
  const sources = fs.readdirSync(path.join(here, "src")).map((name) => [name, fs.readFileSync(path.join(here, "src", name), "utf8")]);
  assert.deepEqual(sources.filter(([, text]) => /modal/.test(text)).map(([name]) => name), ["say.js"]);
});

test("every text of the manifest is translated, and none stands in the manifest itself", () => {
  const manifest = json("package.json");
  const [english, german] = ["package.nls.json", "package.nls.de.json"].map(json);
  const used = [...JSON.stringify(manifest).matchAll(/"%([\w.]+)%"/g)].map(([, key]) => key).sort();
  assert.deepEqual(Object.keys(english).sort(), used);
  assert.deepEqual(Object.keys(german).sort(), used);
  const { commands, configuration, walkthroughs } = manifest.contributes;
  const texts = [
    ...commands.map(({ title }) => title),
    ...Object.values(configuration.properties).map(({ markdownDescription }) => markdownDescription),
    ...walkthroughs.flatMap(({ title, description, steps }) => [title, description, ...steps.flatMap((step) => [step.title, step.description])]),
  ];
  assert.ok(texts.every((text) => /^%[\w.]+%$/.test(text)));
  for (const { media } of walkthroughs[0].steps) assert.ok(fs.existsSync(path.join(here, media.markdown)));
  const known = new Set([...commands.map(({ command }) => command), "workbench.action.openSettings"]);
  for (const [key, text] of [...Object.entries(english), ...Object.entries(german)]) {
    for (const [, command] of text.matchAll(/\(command:([\w.]+)/g)) assert.ok(known.has(command), `${key}: ${command}`);
  }
});

test("VS Code in German speaks German", { skip: !isHost && "only a real VS Code translates" }, async () => {
  await window.end();
  await window.start("de");
  await run("generate", "a fox");
  told(/^imagewire: Öffne zuerst ein Dokument: Der Link kommt an dessen Cursor\.$/);
  await window.end();
  await window.start();
});

test("an agent of VS Code calls the tool", { skip: !isHost && "only a real VS Code has agents" }, async (t) => {
  if (!state.hasTools) return t.skip("older than 1.95");
  const { content: [{ value }] } = await state.tool("imagewire_generate", { prompt: "a fox of an agent" });
  isImage(JSON.parse(value).files[0].path);
});

test("an agent's tool asks first, says the price, and answers with the paths", { skip: isHost }, async () => {
  const tool = state.tools.imagewire_generate;
  const { confirmationMessages, invocationMessage } = await tool.prepareInvocation({ input: { prompt: "a fox\n[x](command:evil)" } });
  assert.equal(confirmationMessages.message, "a fox [x] (command:evil)\n\nIt is free.");
  assert.equal(invocationMessage, "Making an image of “a fox [x] (command:evil)”");
  const token = { isCancellationRequested: false, onCancellationRequested: () => ({ dispose() {} }) };
  const { content: [{ value }] } = await tool.invoke({ input: { prompt: "a fox of an agent", size: "64x64" } }, token);
  const { files: [file] } = JSON.parse(value);
  isImage(file.path);
  assert.equal(file.width, 64);
  const cancelled = await tool.invoke({ input: { prompt: "a vole of an agent" } }, { ...token, isCancellationRequested: true });
  assert.match(cancelled.content[0].value, /Nothing was spent/);
  assert.equal(await count({ text: "vole" }), 0);
  await assert.rejects(tool.invoke({ input: { prompt: " " } }, token), /prompt is empty\. Nothing was sent/);
  state.set("input", { sandbox: { fail: "content_refused" } });
  assert.match((await tool.invoke({ input: { prompt: "a refused fox" } }, token)).content[0].value, /^failed: .*Nothing is billed/);
});

test("the price of a paid image is in the tool's question", { skip: isHost }, async () => {
  await wavespeed({});
  const { confirmationMessages } = await state.tools.imagewire_generate.prepareInvocation({ input: { prompt: "a fox" } });
  assert.match(confirmationMessages.message, /It costs about \$0\.05\.$/);
});

test("the tool of the manifest is the one that is registered", { skip: isHost }, () => {
  const { languageModelTools: [tool], mcpServerDefinitionProviders: [server] } = json("package.json").contributes;
  assert.ok(tool.name in state.tools);
  assert.ok(server.id in state.servers);
  assert.deepEqual(Object.keys(tool.inputSchema.properties), ["prompt", "size", "model"]);
});

test("the server for agents is offered by the setting, with the program and without a key", { skip: isHost }, () => {
  const { provideMcpServerDefinitions } = state.servers.imagewire;
  assert.deepEqual(provideMcpServerDefinitions(), []);
  state.set("mcp", true);
  state.set("program", "/opt/imagewire");
  assert.deepEqual(provideMcpServerDefinitions().map((one) => ({ ...one })), [{ label: "imagewire", command: "/opt/imagewire", args: ["mcp"] }]);
});

test("an older VS Code has neither tools nor servers, and the rest works", { skip: isHost }, () => {
  const vscode = require("./vscode.js");
  const { lm } = vscode;
  delete vscode.lm;
  try {
    assert.deepEqual(require("../src/tool.js").registerTool({}), []);
    assert.deepEqual(require("../src/mcp.js").registerServer(), []);
  } finally {
    vscode.lm = lm;
  }
});

test("the gallery shows the newest images with their actions, and does what its page asks [editor 33, 34]", async () => {
  const document = open("|");
  await run("generate", "a lapwing of the gallery");
  await run("gallery");
  assert.equal(state.panel.options.enableScripts, true);
  assert.deepEqual(state.panel.options.localResourceRoots, []);
  assert.match(state.panel.html, /content="default-src 'none'; img-src data:; style-src 'nonce-([\w+/=]+)'; script-src 'nonce-\1'"/);
  state.panel.send({ name: "ready" });
  await until(() => state.panel.posted.some(({ name }) => name === "images"));
  const { images: [first] } = state.panel.posted.find(({ name }) => name === "images");
  assert.equal(first.prompt, "a lapwing of the gallery");
  assert.equal(first.about, "completed · image · just now · free");
  assert.match(first.image, /^data:image\/(jpeg|png);base64,/);
  assert.deepEqual(first.actions, ["insert", "open", "copy", "change", "delete"]);
  // Nothing but the actions of what is shown.
  for (const message of [undefined, null, "copy", {}, { name: "copy" }, { name: "constructor", id: first.id }, { name: "copy", id: "../x" }]) {
    state.panel.send(message);
  }
  state.panel.send({ name: "insert", id: first.id });
  await until(() => document.text.match(/lapwing-of-the-gallery\.png/g)?.length === 2);
  assert.equal(state.clipboard, "");
  state.panel.send({ name: "copy", id: first.id });
  await until(() => state.clipboard === "a lapwing of the gallery" && state.messages.length > 0);
  assert.deepEqual(state.messages.map(({ text }) => text), ["imagewire: the prompt is in the clipboard."]);
  state.answerModal = () => "Delete";
  state.panel.send({ name: "delete", id: first.id });
  await until(() => state.messages.some(({ text }) => /deleted/.test(text)));
  assert.equal(await count({ text: "lapwing" }), 0);
});

test("the gallery shows what is in progress, and cancels it [editor 34]", async () => {
  await run("gallery");
  state.panel.send({ name: "ready" });
  await until(() => state.panel.posted.length > 0);
  state.set("input", { sandbox: { never: true } });
  open("|");
  const running = run("generate", "a godwit of the gallery");
  await until(() => state.panel.posted.some(({ works }) => works?.[0]?.prompt === "a godwit of the gallery"));
  const { works: [{ id }] } = state.panel.posted.find(({ works }) => works?.[0]?.prompt === "a godwit of the gallery");
  state.panel.send({ name: "cancel", id });
  await running;
  told(/a godwit of the gallery: cancelled/);
  // The list of the page has it from now on.
  await until(() => state.panel.posted.some(({ images }) => images?.[0]?.prompt === "a godwit of the gallery"));
  const one = await client();
  assert.equal((await one.status(id)).status, "cancelled");
  await one.close();
});

test("another extension makes an image and learns of its end", { skip: isHost }, async () => {
  const document = open("|");
  await session.api.generate("a fox");
  assert.equal(document.text, "![a fox](images/a-fox.png)");
});
