"use strict";

// The links to images that stand in a document already.

const fs = require("node:fs");
const path = require("node:path");
const { fileURLToPath } = require("node:url");
const vscode = require("vscode");
const { formatOf } = require("./link.js");

/** How far from the cursor a link may begin or end, in characters. */
const REACH = 4_000;
/** The longest document in which all links are looked for, in characters. */
const LONGEST = 1_000_000;

const html = { pattern: /<img\b[^>]*?\ssrc=(?:"([^"<>]*)"|'([^'<>]*)')[^>]*>/gi, decode: (text) => percentDecoded(entitiesDecoded(text)) };
const markdown = {
  pattern: /!?\[(?:\\.|[^\]\\])*\]\((?:<([^<>\n]*)>|((?:[^()\s]|\([^()\s]*\))*))(?:\s+"[^"\n]*")?\)/g,
  decode: percentDecoded,
};
const asciidoc = { pattern: /(?:image::?|link:)([^\s[\]]+)\[[^\]\n]*\]/g, decode: percentDecoded };

/** How the links of a format are found: where a path stands, and what the file's name is that it spells. */
const readers = {
  markdown: [markdown, html],
  html: [html],
  org: [{
    pattern: /(?:^#\+CAPTION:[^\n]*\n)?\[\[(?:file:)?((?:\\.|[^\]\\\n])*)\](?:\[[^\]\n]*\])?\]/gm,
    decode: (text) => text.replace(/\\([[\]])/g, "$1"),
  }],
  latex: [
    { pattern: /\\begin\{figure\}[^\n]*\n(?:(?!\\(?:begin|end)\{figure\})[^\n]*\n)*?[^\n]*\\includegraphics(?:\[[^\]\n]*\])?\{([^{}\n]*)\}(?:(?!\\begin\{figure\})[^\n]*\n)*?[^\n]*\\end\{figure\}/g },
    { pattern: /\\includegraphics(?:\[[^\]\n]*\])?\{([^{}\n]*)\}/g },
  ],
  restructuredtext: [{ pattern: /\.\. (?:image|figure):: +([^\n]+)(?:\n[ \t]+:[^\n]*)*/g, decode: percentDecoded }],
  asciidoc: [asciidoc],
  typst: [{
    pattern: /#?image\("((?:\\.|[^"\\\n])*)"(?:\s*,\s*\w+:\s*(?:"(?:\\.|[^"\\\n])*"|[^,()"\n]*))*\)/g,
    decode: (text) => text.replace(/\\(.)/g, "$1"),
  }],
  norg: [{ pattern: /^[ \t]*\.image[ \t]+((?:\\.|[^\s\\])+)/gm, decode: (text) => text.replace(/\\(.)/g, "$1") }],
  code: [{
    pattern: /"((?:\\.|[^"\\\n])+\.(?:png|jpe?g|gif|webp|bmp|tiff?|svg))"|'((?:\\.|[^'\\\n])+\.(?:png|jpe?g|gif|webp|bmp|tiff?|svg))'/gi,
    decode: (text) => text.replace(/\\(.)/g, "$1"),
  }],
};

function percentDecoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const entities = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
const entitiesDecoded = (text) =>
  text.replace(/&(?:#(\d{1,6})|(amp|lt|gt|quot|apos));/g, (_, number, name) => entities[name] ?? String.fromCodePoint(number));

/** The links in a text: `start` and `end` are offsets, `target` is what the link names. */
function linksIn(text, format) {
  const found = [];
  for (const { pattern, decode = (text) => text } of readers[{ orgWithCaption: "org", latexFigure: "latex" }[format] ?? format]) {
    for (const match of text.matchAll(pattern)) {
      const [start, end] = [match.index, match.index + match[0].length];
      if (found.some((one) => start < one.end && one.start < end)) continue;
      found.push({ start, end, target: decode(match.slice(1).find((group) => group !== undefined) ?? "") });
    }
  }
  return found.sort((one, other) => one.start - other.start);
}

/** The link at an offset of a document, with its `text`; undefined where there is none. */
function linkAt(document, offset) {
  const from = Math.max(0, offset - REACH);
  const text = document.getText(new vscode.Range(document.positionAt(from), document.positionAt(offset + REACH)));
  const found = linksIn(text, formatOf(document)).find(({ start, end }) => from + start <= offset && offset <= from + end);
  return found && { start: from + found.start, end: from + found.end, target: found.target, text: text.slice(found.start, found.end) };
}

/** All links of a document; none where it is very long. */
function allLinks(document) {
  const text = document.getText();
  return text.length > LONGEST ? [] : linksIn(text, formatOf(document));
}

/** The file that a link of a document names: its absolute path; undefined where it is not on this machine. */
function fileOf(document, target) {
  if (/^file:/i.test(target)) {
    try {
      return fileURLToPath(target);
    } catch {
      return undefined;
    }
  }
  if (/^([a-z][a-z0-9+.-]+:|\/\/)/i.test(target)) return undefined;
  if (path.isAbsolute(target)) return path.normalize(target);
  if (document.uri.scheme !== "file") return undefined;
  return path.resolve(path.dirname(document.uri.fsPath), target);
}

/** The formats of images by their first bytes, read as Latin-1. VS Code shows those that are `shown`. */
const signatures = [
  { name: "PNG", start: /^\x89PNG\r\n\x1a\n/, shown: true },
  { name: "JPEG", start: /^\xff\xd8\xff/, shown: true },
  { name: "GIF", start: /^GIF8[79]a/, shown: true },
  { name: "WebP", start: /^RIFF[^]{4}WEBP/, shown: true },
  { name: "BMP", start: /^BM[^]{4}\0{4}/, shown: true },
  { name: "TIFF", start: /^(II\*\0|MM\0\*)/, shown: false },
];

/** The format of an image file, `missing` where there is no file, undefined where it is no image. */
function imageIn(file) {
  let descriptor;
  try {
    // A named pipe without a writer would block otherwise.
    descriptor = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
    if (!fs.fstatSync(descriptor).isFile()) return undefined;
    const head = Buffer.alloc(16);
    fs.readSync(descriptor, head, 0, 16, 0);
    return signatures.find(({ start }) => start.test(head.toString("latin1")));
  } catch (error) {
    return error.code === "ENOENT" || error.code === "ENOTDIR" ? "missing" : undefined;
  } finally {
    if (descriptor !== undefined) fs.closeSync(descriptor);
  }
}

module.exports = { allLinks, fileOf, imageIn, linkAt, linksIn };
