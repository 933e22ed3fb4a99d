"use strict";

// The model, its input, the price, and what is shown meanwhile.

const assert = require("node:assert/strict");
const { spawn } = require("node:child_process");
const { once } = require("node:events");
const fs = require("node:fs");
const path = require("node:path");
const { test } = require("node:test");
const { cleanup, client, count, environment, open, run, told, until, wavespeed } = require("./support.js");
const { state } = require("./window.js");

const item = (name, properties, facts = {}) => ({
  model_id: name, name, type: "text-to-image", base_price: 0.05, ...facts,
  api_schema: { api_schemas: [{ type: "model_run", method: "POST", server: "", api_path: `/api/v3/${name}`, request_schema: { type: "object", required: ["prompt"], properties: { prompt: { type: "string" }, ...properties } } }] },
});
const catalogue = [
  item("openai/gpt-image-1-high-fidelity", {}),
  item("acme/painter", {
    size: { type: "string", enum: ["1024*1024", "1024*1536"], default: "1024*1024", description: "How large." },
    sharp: { type: "boolean" }, n: { type: "integer", minimum: 1, maximum: 4 }, strength: { type: "number", minimum: 0, maximum: 1 },
    style: { type: "string" }, image: { type: "string" },
  }, { base_price: 0.25, description: "Paints $(trash) in oil\nand more" }),
];

test("a model is chosen by name, description and price, and kept for the window [editor 29]", async () => {
  const server = await wavespeed({ catalogue, polls: 0 });
  state.answerPick = (items, options) => {
    assert.equal(options.placeHolder, "Which model?");
    assert.ok(options.matchOnDetail && options.matchOnDescription);
    const painter = items.find(({ label }) => label === "acme/painter");
    assert.match(painter.description, /^from \$0\.25/);
    assert.match(painter.detail, /Paints \$ ?\(trash\) in oil and more/);
    return painter;
  };
  await run("chooseModel");
  assert.equal(state.statusBar.at(-1).text, "$(symbol-color) acme/painter");
  const document = open("|");
  await run("generate", "a fox");
  assert.match(document.text, /a-fox/);
  assert.match((await server.posts())[0].path, /acme\/painter/);
  // And back to that of the settings.
  state.answerPick = (items) => (assert.match(items[0].label, /The model of the settings/), items[0]);
  await run("chooseModel");
  assert.equal(state.statusBar.at(-1), undefined);
});

test("size and other choices come from the model's schema, can be reset, and are sent [editor 30]", async () => {
  const server = await wavespeed({ catalogue, polls: 0 });
  state.set("model", "acme/painter");
  state.set("input", { style: "plain" });
  const picks = [];
  state.answerPick = (items) => picks.shift()(items);
  const choose = async (field, value) => {
    picks.push((items) => items.find(({ label }) => label === field), (items) => items.find(({ label }) => label === value));
    await run("chooseInput");
  };
  picks.push((items) => void assert.deepEqual(items.map(({ label }) => label), ["size", "sharp", "n", "strength", "style"]));
  await run("chooseInput");
  await choose("size", "1024*1536");
  await choose("sharp", "true");
  await choose("n", "2");
  state.answerInput = ({ validateInput, prompt }) => {
    assert.equal(prompt, "strength");
    for (const text of validateInput ? ["2", "x", "-0.1"] : []) assert.match(validateInput(text), /takes no such value/);
    if (validateInput) assert.equal(validateInput("0.5"), undefined);
    return "0.5";
  };
  await choose("strength");
  assert.equal(state.statusBar.at(-1).text, "$(symbol-color) size 1024*1536 · sharp true · n 2 · strength 0.5");
  open("|");
  await run("generate", "a fox");
  const body = JSON.parse((await server.posts())[0].body);
  assert.deepEqual([body.size, body.sharp, body.n, body.strength, body.style], ["1024*1536", true, 2, 0.5, "plain"]);
  picks.push((items) => items[0]);
  await run("chooseInput");
  assert.equal(state.statusBar.at(-1), undefined);
});

test("the sandbox has a size too, as a text; one that does not fit is refused [editor 30]", async () => {
  state.answerPick = (items) => items.find(({ label }) => label === "size");
  state.answerInput = ({ validateInput }) => (validateInput && assert.match(validateInput("large"), /takes no such value/), "64x64");
  await run("chooseInput");
  const document = open("|");
  await run("generate", "a small fox");
  assert.match(document.text, /a-small-fox/);
  const one = await client();
  const { predictions: [{ id, files }] } = await one.list({ limit: 1 });
  assert.equal((await one.status(id)).input.size, "64x64");
  assert.equal(files[0].width, 64);
  await one.close();
  state.answerPick = (items) => items[0];
  await run("chooseInput");
});

test("above the limit, or where it is not known, the price is asked [editor 31]", async () => {
  const server = await wavespeed({ polls: 0 });
  const document = open("|");
  state.set("askAbove", 0.1);
  await run("generate", "a cheap fox");
  assert.deepEqual(state.modals, []);
  state.set("askAbove", 0.01);
  await run("generate", "a dear fox");
  assert.deepEqual(state.modals, [{ text: "imagewire: “a dear fox” costs about $0.05. Make it?", actions: ["Make It"] }]);
  told(/a dear fox: cancelled before it was sent\. Nothing was spent/);
  assert.equal((await server.posts()).length, 1);
  state.answerModal = () => "Make It";
  await run("generate", "a dear fox");
  assert.equal((await server.posts()).length, 2);
  assert.match(document.text, /a-cheap-fox.*a-dear-fox|a-dear-fox.*a-cheap-fox/);
  state.modals.length = 0;
  state.set("model", "acme/mystery");
  state.set("askAbove", 100);
  const unknown = await wavespeed({ price: [{ do: "500", times: "forever" }], polls: 0 });
  state.answerModal = () => undefined;
  open("|", "markdown", "another.md");
  await run("generate", "a strange fox");
  assert.match(state.modals[0].text, /The price of “a strange fox” is not known\. Make it\?/);
  assert.deepEqual(await unknown.posts(), []);
});

test("without a limit no price is asked, and the free sandbox is below every one [editor 31]", async () => {
  open("|");
  state.set("askAbove", 0);
  await run("generate", "a free fox");
  assert.deepEqual([state.modals, state.messages], [[], []]);
  assert.equal(await count({ text: "a free fox" }), 1);
});

test("partial images of a stream are shown in the tooltip of the status bar and in the gallery [editor 32]", async () => {
  const fixtures = path.join(__dirname, "../../../Tests/Fixtures");
  const script = `
import sys, json
sys.path.insert(0, ${JSON.stringify(fixtures)})
from openai import LoopbackOpenAI
with LoopbackOpenAI() as server:
    server.script({"steps": ["partial", "completed"]})
    print(json.dumps(server.url), flush=True)
    for line in sys.stdin:
        server.step()
`;
  const server = spawn("python3", ["-c", script], { stdio: ["pipe", "pipe", "inherit"] });
  cleanup(() => server.stdin.end());
  await environment({ OPENAI_BASE_URL: JSON.parse((await once(server.stdout, "data"))[0]), OPENAI_API_KEY: "sk-test" });
  state.set("provider", "openai");
  state.set("input", { stream: true, partial_images: 1 });
  const document = open("|");
  const running = run("generate", "a fox");
  server.stdin.write("step\n");
  await until(() => /!\[\]\(file:\/\/\/.*previews.*\|width=240\)/.test(state.statusBar.at(-1)?.tooltip));
  const [, file] = /\((file:\/\/\/[^?]*)\?/.exec(state.statusBar.at(-1).tooltip);
  assert.ok(fs.existsSync(new URL(file)));
  await run("gallery");
  await until(() => state.panel.posted.some(({ name, works }) => name === "works" && /^data:image\/png;base64,/.test(works[0]?.image)));
  server.stdin.write("step\n");
  await running;
  assert.match(document.text, /^!\[a fox\]/);
});
