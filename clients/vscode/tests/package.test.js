"use strict";

// The packed extension, and its manifest.

const assert = require("node:assert/strict");
const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");
const { test } = require("node:test");
const { isHost, note, run, session, start, stop } = require("./support.js");
const { state } = require("./window.js");

test("the packed extension works where there is nothing but itself", { skip: isHost }, async () => {
  const packed = execFileSync(process.execPath, [path.join(__dirname, "../package.mjs"), session.folder]).toString().trim();
  execFileSync("python3", ["-m", "zipfile", "-e", packed, path.join(session.folder, "unpacked")]);
  await stop();
  start(path.join(session.folder, "unpacked/extension/src/extension.js"));
  const document = state.open(note());
  await run("generate", "a fox");
  assert.equal(document.text, "![a fox](images/a-fox.png)");
  // The page is one of the packed files, too.
  await run("gallery");
  assert.match(state.panel.html, /acquireVsCodeApi/);
  const manifest = fs.readFileSync(path.join(session.folder, "unpacked/extension.vsixmanifest"), "utf8");
  assert.match(manifest, /<Description xml:space="preserve">Images from words, as links in your text</);
  const about = require("../package.json");
  const media = about.contributes.walkthroughs[0].steps.map((step) => step.media.markdown);
  for (const name of [...media, "package.nls.json", "package.nls.de.json", `${about.l10n}/bundle.l10n.de.json`]) {
    assert.ok(fs.existsSync(path.join(session.folder, "unpacked/extension", name)), name);
  }
  const types = fs.readFileSync(path.join(session.folder, "unpacked/[Content_Types].xml"), "utf8");
  const endings = fs.readdirSync(path.join(session.folder, "unpacked/extension"), { recursive: true }).map((name) => path.extname(name).slice(1));
  for (const ending of new Set(endings.filter(Boolean))) assert.match(types, new RegExp(`Extension="${ending}"`), ending);
  // The marketplace refuses SVG in a README.
  const lines = (folder) => fs.readFileSync(path.join(folder, "README.md"), "utf8").split("\n");
  const packedLines = lines(path.join(session.folder, "unpacked/extension"));
  const leftOut = lines(path.join(__dirname, "..")).filter((line) => !packedLines.includes(line));
  assert.match(leftOut.join("\n"), /^!\[.*\]\(screen\.svg\)\nThe frames show .*$/);
  assert.ok(!packedLines.join().includes(".svg"));
  assert.match(manifest, /Id="imagewire-vscode" Version="0\.1\.0" Publisher="imagewire"/);
});

test("an extension for one system holds the program and the licences of what is in it", () => {
  const { folder } = session;
  const about = path.join(folder, "about");
  fs.mkdirSync(path.join(about, "licences"), { recursive: true });
  fs.writeFileSync(path.join(about, "licences/curl"), "its terms");
  fs.writeFileSync(path.join(about, "imagewire.spdx.json"), "{}");
  fs.writeFileSync(path.join(folder, "program"), Buffer.alloc(100_000, "imagewire"));
  const args = [path.join(__dirname, "../package.mjs"), folder, path.join(folder, "program"), about];
  const packed = execFileSync(process.execPath, args).toString().trim();
  assert.ok(packed.endsWith(`imagewire-${process.platform}-${process.arch}-0.1.0.vsix`));
  const once = fs.readFileSync(packed);
  execFileSync(process.execPath, args);
  assert.ok(once.equals(fs.readFileSync(packed)));
  const unpacked = path.join(folder, "for-one");
  execFileSync("python3", [path.join(__dirname, "../../../Tests/Fixtures/unzip.py"), packed, unpacked]);
  const program = path.join(unpacked, "extension/bin/imagewire");
  assert.ok(fs.readFileSync(program).equals(fs.readFileSync(path.join(folder, "program"))));
  assert.equal(fs.statSync(program).mode & 0o777, 0o755);
  assert.equal(fs.readFileSync(path.join(unpacked, "extension/licences/curl.txt"), "utf8"), "its terms");
  assert.equal(fs.readFileSync(path.join(unpacked, "extension/imagewire.spdx.json"), "utf8"), "{}");
  assert.match(fs.readFileSync(path.join(unpacked, "extension/LICENSE.txt"), "utf8"), /^MIT License/);
  const manifest = fs.readFileSync(path.join(unpacked, "extension.vsixmanifest"), "utf8");
  assert.match(manifest, new RegExp(`TargetPlatform="${process.platform}-${process.arch}"`));
  for (const [, asset] of manifest.matchAll(/<Asset [^>]*Path="([^"]*)"/g)) assert.ok(fs.existsSync(path.join(unpacked, asset)), asset);
});

test("the manifest tells what the extension does", { skip: isHost }, () => {
  const manifest = require("../package.json");
  const declared = manifest.contributes.commands.map(({ command }) => command).sort();
  assert.deepEqual(declared, state.commands.sort());
  assert.ok(fs.existsSync(path.join(__dirname, "..", manifest.main)));
  // A folder that is opened must not choose which program is started, nor take away a question.
  for (const name of ["program", "askAbove", "askUpload", "mcp"]) {
    assert.equal(manifest.contributes.configuration.properties[`imagewire.${name}`].scope, "machine");
  }
  for (const name of Object.keys(manifest.contributes.configuration.properties)) {
    assert.ok(manifest.capabilities.untrustedWorkspaces.restrictedConfigurations.includes(name), name);
  }
  assert.ok(!("dependencies" in manifest));
  // What the marketplace asks for: an icon of 128 pixels at least, which is no SVG, and where the source is.
  const icon = fs.readFileSync(path.join(__dirname, "..", manifest.icon));
  assert.equal(icon.subarray(1, 4).toString(), "PNG");
  assert.ok(icon.readUInt32BE(16) >= 128 && icon.readUInt32BE(20) >= 128);
  assert.match(manifest.repository.url, /^https:/);
});
