// What a new user does first: copies the lines of the README, runs the command.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { lstatSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { test } from "node:test";
import * as everything from "../src/index.js";
import { alone, BINARY, folder, ROOT } from "./support.js";

const here = join(ROOT, "clients/node");

/** A folder in which the package is installed as `npm install ./clients/node` does it. */
function project() {
  const home = folder();
  mkdirSync(join(home, "node_modules/.bin"), { recursive: true });
  symlinkSync(here, join(home, "node_modules/imagewire"));
  for (const [name, path] of Object.entries(JSON.parse(readFileSync(join(here, "package.json"), "utf8")).bin)) {
    symlinkSync(join("../imagewire", path), join(home, "node_modules/.bin", name));
  }
  return home;
}

function run(home, command, ...args) {
  const path = [join(home, "node_modules/.bin"), dirname(process.execPath), dirname(BINARY), process.env.PATH].join(delimiter);
  const env = { ...process.env, ...alone(home), PATH: path };
  return spawnSync(command, args, { cwd: home, env, encoding: "utf8", timeout: 60_000 });
}

test("the lines of the README", () => {
  const home = project();
  const lines = readFileSync(join(here, "README.md"), "utf8").split("```js\n")[1].split("```")[0];
  writeFileSync(join(home, "image.mjs"), lines);
  const done = run(home, process.execPath, "image.mjs");
  assert.equal(done.status, 0, done.stderr);
  assert.equal(readFileSync(done.stdout.trim().split("\n").at(-1)).subarray(1, 4).toString(), "PNG");
  writeFileSync(join(home, "refused.mjs"), `process.env.IMAGEWIRE_PROVIDER = "wavespeed";\n${lines}`);
  const refused = run(home, process.execPath, "refused.mjs");
  assert.match(`${refused.status} ${refused.stderr}`, /^0 .*WAVESPEED_API_KEY.*\n$/);
});

test("the lines for a client without a package loop until it is finished, and print the failure", () => {
  const home = project();
  const lines = readFileSync(join(ROOT, "clients/README.md"), "utf8").split("```js\n")[1].split("```")[0];
  const prompt = '{ prompt: "a lighthouse in a storm at night" }';
  assert.ok(lines.includes(prompt));
  const draw = (sandbox) => {
    // It is not ready when the first `result` comes back.
    const input = `{ input: { prompt: "a boat", size: "64x64", sandbox: ${JSON.stringify(sandbox)} } }`;
    writeFileSync(join(home, "client.mjs"), lines.replace(prompt, input).replace("{ id })", "{ id, timeout_ms: 20 })"));
    const { status, stdout, stderr } = run(home, process.execPath, "client.mjs");
    assert.equal(status, 0, stderr);
    return [stdout, stderr];
  };
  assert.match(draw({ delay_ms: 300 })[0], /^\/.*\.png\n$/);
  const [said, failure] = draw({ delay_ms: 300, fail: "content_refused" });
  assert.equal(said, "");
  assert.match(failure, /Nothing was sent|refused|billed/i);
});

test("the package holds its licence", () => {
  // npm packs a file of this name whatever `files` says; a link it would leave out.
  assert.ok(lstatSync(join(here, "LICENSE")).isFile());
  assert.deepEqual(readFileSync(join(here, "LICENSE")), readFileSync(join(ROOT, "LICENSE")));
});

test("the command prints the path and nothing else", () => {
  const home = project();
  const done = run(home, "imagewire-generate", "a red fox", "--output-dir", "images", "--output-name", "fox");
  assert.deepEqual([done.status, done.stdout, done.stderr], [0, `${home}/images/fox.png\n`, ""]);
});

test("the program's own command runs the program, and never itself", () => {
  const home = project();
  const command = join(home, "node_modules/.bin/imagewire");
  const start = (args, variables, input) =>
    spawnSync(process.execPath, [command, ...args], { cwd: home, env: { ...alone(home), ...variables }, encoding: "utf8", input, timeout: 60_000 });
  const named = { IMAGEWIRE: BINARY };
  assert.deepEqual(start([], named, '{"jsonrpc":"2.0","id":1,"method":"ping"}\n').stdout, '{"jsonrpc":"2.0","id":1,"result":{}}\n');
  const wrong = start(["generate", "--colour"], named);
  assert.equal(wrong.status, 2);
  assert.match(wrong.stderr, /colour/);
  // Its own folder is on the path, as npm does it, and no program is.
  const missing = start(["--version"], { PATH: join(home, "node_modules/.bin") });
  // One at a usual place of this machine is found.
  if (missing.status === 0) assert.match(missing.stdout, /^imagewire /);
  else assert.match(`${missing.status} ${missing.stderr}`, /^127 imagewire: .* was not found. Tried: /);
});

test("the command says what is wrong", () => {
  const home = project();
  for (const [args, status, words] of [
    [[], 2, /usage/], [["a", "b"], 2, /usage/], [["a fox", "--colour"], 2, /colour/], [[""], 1, /prompt is empty/],
    [["a fox", "--binary", "/no/such"], 1, /program \/no\/such was not found/], [["a fox", "--provider", "wavespeed"], 1, /WAVESPEED_API_KEY/],
  ]) {
    const done = run(home, "imagewire-generate", ...args);
    assert.deepEqual([done.status, done.stdout], [status, ""], done.stderr);
    assert.match(done.stderr, words);
    assert.doesNotMatch(done.stderr, /\n {4}at /);
  }
});

test("what is exported is what is declared", () => {
  const declared = readFileSync(join(here, "src/index.d.ts"), "utf8").matchAll(/^export (?:class|const|function) (\w+)/gm);
  assert.deepEqual(Object.keys(everything).sort(), [...declared].map(([, name]) => name).sort());
});

test("the version is the program's own", () => {
  const version = spawnSync(BINARY, ["--version"], { encoding: "utf8" }).stdout.trim().split(" ")[1];
  assert.equal(JSON.parse(readFileSync(join(here, "package.json"), "utf8")).version, version);
});
