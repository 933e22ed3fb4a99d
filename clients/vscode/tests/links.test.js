"use strict";

// How a link is written in each language, and which text it must not hold.

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const { test } = require("node:test");
const { note, run } = require("./support.js");
const { state } = require("./vscode.js");

for (const [language, wanted] of Object.entries({
  markdown: '![a &lt;fox&gt; &amp; "co"](images/a-fox-co.png)',
  plaintext: '![a &lt;fox&gt; &amp; "co"](images/a-fox-co.png)',
  html: '<img src="images/a-fox-co.png" alt="a &lt;fox&gt; &amp; &quot;co&quot;">',
  latex: "\\includegraphics[width=\\linewidth]{images/a-fox-co.png}",
  org: "[[file:images/a-fox-co.png]]",
})) {
  test(`the link in ${language}`, async () => {
    const document = state.open(note("", language));
    await run("generate", 'a <fox> & "co"');
    assert.equal(document.text, wanted);
  });
}

const fixture = (name) => JSON.parse(fs.readFileSync(path.join(__dirname, "../../../Tests/Fixtures", `${name}.json`), "utf8"));

test("links follow the rules that all editors share", () => {
  const { formats, link } = require("../src/link.js");
  const shared = fixture("link-escapes").formats;
  for (const [name, rules] of Object.entries(formats)) {
    const { examples, ...rest } = shared[name];
    assert.deepEqual(rules, rest);
    for (const { path: file, description, kind, out } of examples) assert.equal(link(name, file, description, kind), out);
  }
});

test("a list has the word for the files of a prediction that all editors have", () => {
  const { kindsOf } = require("../src/link.js");
  for (const { kinds, out } of fixture("link-escapes").lists) assert.equal(kindsOf(kinds.map((kind) => ({ kind }))), out);
});

test("only images are shown in the text", () => {
  const { linksTo } = require("../src/link.js");
  const files = [{ path: "/x/a.png", kind: "image" }, { path: "/x/a.mp4", kind: "video" }, { path: "/x/a.svg" }];
  assert.equal(linksTo(files, "a fox", note("", "markdown")), "![a fox](/x/a.png)\n[a fox](/x/a.mp4)\n![a fox](/x/a.svg)");
});

test("what all editors hold for unsafe is in no link and in no message", () => {
  const { formats, link, short } = require("../src/link.js");
  const { plain } = require("../src/say.js");
  const { space, unsafe } = fixture("link-escapes");
  const [isSpace, isUnsafe] = [space, unsafe].map((ranges) => (character) =>
    ranges.some(([first, last]) => character.codePointAt() >= parseInt(first, 16) && character.codePointAt() <= parseInt(last, 16)));
  for (const { name, text, json, times = 1 } of fixture("hostile-text").strings) {
    const hostile = (json === undefined ? text : JSON.parse(json)).repeat(times);
    for (const shown of [short(hostile, 60), plain(hostile), ...Object.keys(formats).map((format) => link(format, "a.png", hostile))]) {
      assert.ok([...shown].every((character) => !isUnsafe(character) && (character === " " || !isSpace(character))), name);
    }
    const refused = [...hostile].some(isUnsafe);
    for (const format of Object.keys(formats)) if (refused) assert.equal(link(format, `x${hostile}`, ""), undefined, name);
    assert.doesNotMatch(plain(`[x](command:y) ${hostile}`), /\]\(/);
  }
});

test("a path that cannot be written safely is named and not inserted", async () => {
  const { linksTo } = require("../src/link.js");
  const file = { path: "/tmp/x}\\immediate\\write18{touch y}{.png" };
  for (const language of ["latex", "org"]) {
    assert.throws(() => linksTo([file], "a fox", note("", language)), /is saved, but (latex|org) cannot hold its path safely: \/tmp\/x/);
  }
  assert.match(linksTo([file], "a fox", note("")), /^!\[a fox\]\(\/tmp\/x%7D%5Cimmediate/);
});
