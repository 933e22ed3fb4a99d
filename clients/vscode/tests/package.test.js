"use strict";

// The packed extension, and its manifest.

const assert = require("node:assert/strict");
const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");
const { test } = require("node:test");
const { note, run, session, start, stop } = require("./support.js");
const { state } = require("./vscode.js");

test("the packed extension works where there is nothing but itself", async () => {
  const packed = execFileSync(process.execPath, [path.join(__dirname, "../package.mjs"), session.folder]).toString().trim();
  execFileSync("python3", ["-m", "zipfile", "-e", packed, path.join(session.folder, "unpacked")]);
  await stop();
  start(path.join(session.folder, "unpacked/extension/src/extension.js"));
  const document = state.open(note());
  await run("generate", "a fox");
  assert.equal(document.text, "![a fox](images/a-fox.png)");
  const manifest = fs.readFileSync(path.join(session.folder, "unpacked/extension.vsixmanifest"), "utf8");
  assert.match(manifest, /Id="imagewire-vscode" Version="0\.1\.0" Publisher="imagewire"/);
});

test("the manifest tells what the extension does", () => {
  const manifest = require("../package.json");
  const declared = manifest.contributes.commands.map(({ command }) => command).sort();
  assert.deepEqual(declared, Object.keys(state.commands).sort());
  assert.ok(fs.existsSync(path.join(__dirname, "..", manifest.main)));
  // A folder that is opened must not choose which program is started.
  assert.equal(manifest.contributes.configuration.properties["imagewire.program"].scope, "machine");
  for (const name of Object.keys(manifest.contributes.configuration.properties)) {
    assert.ok(manifest.capabilities.untrustedWorkspaces.restrictedConfigurations.includes(name), name);
  }
  assert.ok(!("dependencies" in manifest));
});
