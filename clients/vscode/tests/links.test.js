"use strict";

// How a link is written in each language, and which text it must not hold.

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const { test } = require("node:test");
const { count, isHost, note, open, run, session, told } = require("./support.js");
const { state } = require("./window.js");

const words = 'a <fox> & "co"';

for (const [language, wanted, name = "note"] of [
  ["markdown", '![a &lt;fox&gt; &amp; "co"](images/a-fox-co.png)'],
  ["plaintext", '![a &lt;fox&gt; &amp; "co"](images/a-fox-co.png)'],
  ["html", '<img src="images/a-fox-co.png" alt="a &lt;fox&gt; &amp; &quot;co&quot;">'],
  ["latex", "\\includegraphics[width=\\linewidth]{images/a-fox-co.png}"],
  ["org", '#+CAPTION: a (fox) & "co"\n[[file:images/a-fox-co.png]]'],
  ["plaintext", '#+CAPTION: a (fox) & "co"\n[[file:images/a-fox-co.png]]', "note.org"],
  ["restructuredtext", '.. image:: images/a-fox-co.png\n   :alt: a <fox> & "co"'],
  ["asciidoc", 'image::images/a-fox-co.png[alt="a &lt;fox&gt; &amp; &quot;co&quot;"]'],
  ["typst", '#image("images/a-fox-co.png", alt: "a <fox> & \\"co\\"")'],
  ["plaintext", '#image("images/a-fox-co.png", alt: "a <fox> & \\"co\\"")', "note.typ"],
  ["norg", ".image images/a-fox-co.png"],
]) {
  test(`the link in ${language}, ${name} [editor 18]`, async () => {
    const document = open("|", language, name);
    await run("generate", words);
    assert.equal(document.text, wanted);
  });
}

test("LaTeX gets a figure with a caption by the option [editor 18]", async () => {
  state.set("figure", true);
  const document = open("Text|.\nmore\n\nend", "latex");
  await run("generate", "50% of $x_1$ \\input{/etc/hostname} ^^5c ~");
  assert.equal(document.text, [
    "Text.", "more", "", "\\begin{figure}[htbp]", "  \\centering",
    "  \\includegraphics[width=\\linewidth]{images/50-of-x-1-input-etc-hostname-5c.png}",
    "  \\caption{50\\% of \\$x\\_1\\$ \\textbackslash{}input\\{/etc/hostname\\} \\textasciicircum{}\\textasciicircum{}5c \\textasciitilde{}}",
    "\\end{figure}", "", "end",
  ].join("\n"));
});

test("a link that needs lines of its own gets them, between empty lines [editor 18]", async () => {
  for (const [text, wanted] of [
    ["on|e\ntwo\n\nthree", "one\ntwo\n\nLINK\n\nthree"],
    ["one\n|\nthree", "one\n\nLINK\n\nthree"],
    ["one\n\n|\n\nthree", "one\n\nLINK\n\nthree"],
    ["|\nthree", "LINK\n\nthree"],
  ]) {
    const document = open(text, "restructuredtext");
    await run("generate", "f");
    assert.equal(document.text.replace(/\.\. image:: \S+\n {3}:alt: f/, "LINK"), wanted);
  }
});

test("in source code the link is the path in quotes [editor 19]", async () => {
  for (const language of ["javascript", "lua", "css", "python", "json", "yaml", "shellscript", "swift"]) {
    const document = open("x = |;", language, `${language}.file`);
    await run("generate", words);
    assert.match(document.text, /^x = "images\/a-fox-co(_\d)?\.png";$/);
  }
});

test("the text of the link is what the option makes of the prompt [editor 20]", async () => {
  state.set("alt", "${prompt} (generated, ${other})");
  const document = open("|");
  await run("generate", "a ${prompt} *fox*");
  assert.equal(document.text, "![a \\$&#123;prompt&#125; \\*fox\\* (generated, \\$&#123;other&#125;)](images/a-prompt-fox.png)");
});

test("another extension gives the text of the link as a function of the prompt [editor 20]", { skip: isHost }, async () => {
  session.api.useAlt((prompt) => prompt.toUpperCase());
  try {
    const document = open("|");
    await run("generate", "a fox");
    assert.equal(document.text, "![A FOX](images/a-fox.png)");
  } finally {
    session.api.useAlt(undefined);
  }
});

test("a folder that the format cannot hold safely: nothing is sent [editor 21]", async () => {
  state.set("folder", "x}\\immediate\\write18{touch y}{");
  for (const language of ["latex", "org", "norg", "javascript"]) {
    state.messages.length = 0;
    const document = open("text|", language);
    await run("generate", "a shrike");
    told(/cannot hold the path of the folder .* safely\. Nothing was sent/);
    assert.equal(document.text, "text");
  }
  assert.equal(await count({ text: "shrike" }), 0);
});

const fixture = (name) => JSON.parse(fs.readFileSync(path.join(__dirname, "../../../Tests/Fixtures", `${name}.json`), "utf8"));

test("links follow the rules that all editors share [editor 18, 21]", () => {
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

test("only images are shown in the text", { skip: isHost }, () => {
  const { linksTo } = require("../src/land.js");
  const [image, film, drawing] = ["a.png", "a.mp4", "a.svg"].map((name) => path.join(session.folder, name));
  for (const file of [image, film, drawing]) fs.writeFileSync(file, "");
  const files = [{ path: image, kind: "image" }, { path: film, kind: "video" }, { path: drawing }];
  const { uri } = note("", "markdown");
  const text = linksTo(files, "a fox", { uri, languageId: "markdown", isUntitled: true });
  assert.equal(text, `![a fox](${image})\n[a fox](${film})\n![a fox](${drawing})`);
});

test("what all editors hold for unsafe is in no link and in no message [editor 1, 21]", () => {
  const { formats, link, short } = require("../src/link.js");
  const { more } = require("../src/formats.js");
  const { plain } = isHost ? { plain: (text) => short(text, 1_000).replaceAll("](", "] (") } : require("../src/say.js");
  const { space, unsafe } = fixture("link-escapes");
  const [isSpace, isUnsafe] = [space, unsafe].map((ranges) => (character) =>
    ranges.some(([first, last]) => character.codePointAt() >= parseInt(first, 16) && character.codePointAt() <= parseInt(last, 16)));
  for (const { name, text, json, times = 1 } of fixture("hostile-text").strings) {
    const hostile = (json === undefined ? text : JSON.parse(json)).repeat(times);
    for (const shown of [short(hostile, 60), plain(hostile), ...[...Object.keys(formats), ...Object.keys(more)].map((format) => link(format, "a.png", hostile))]) {
      // The lines of a link of several lines are its own.
      assert.ok([...shown.replace(/\n( {3}:alt:| {2}\\| *\\end|\[\[file:)/g, "$1")].every((character) => !isUnsafe(character) && (character === " " || !isSpace(character))), name);
    }
    const refused = [...hostile].some(isUnsafe);
    for (const format of [...Object.keys(formats), ...Object.keys(more)]) if (refused) assert.equal(link(format, `x${hostile}`, ""), undefined, name);
    assert.doesNotMatch(plain(`[x](command:y) ${hostile}`), /\]\(/);
  }
});

test("a path that cannot be written safely is named and not inserted [editor 21]", { skip: isHost }, async () => {
  const { linksTo } = require("../src/land.js");
  const file = { path: path.join(session.folder, "x}\\immediate\\write18{touch y}{.png") };
  fs.writeFileSync(file.path, "");
  for (const language of ["latex", "org"]) {
    assert.throws(() => linksTo([file], "a fox", { ...note("", language), isUntitled: true }), /is saved, but (LaTeX|Org) cannot hold its path safely: .*\/x\}/);
  }
  assert.match(linksTo([file], "a fox", { ...note(""), isUntitled: true }), /^!\[a fox\]\(\/.*\/x%7D%5Cimmediate/);
});
