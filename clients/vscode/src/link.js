"use strict";

const path = require("node:path");

/** Percent-encodes what would end or change a link; letters of other scripts stay readable. */
const url = (file) =>
  file.replaceAll(path.sep, "/").replace(/[\p{Cc} %"#?<>()[\]\\`{}|^]/gu, (character) =>
    `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`);

const entities = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const quoted = (text) => text.replace(/[&<>"]/g, (character) => entities[character]);

const markdown = (file, alt) => `![${alt.replace(/[[\]\\`<]/g, "\\$&")}](${url(file)})`;
const html = (file, alt) => `<img src="${quoted(url(file))}" alt="${quoted(alt)}">`;
const latex = (file) => `\\includegraphics[width=\\linewidth]{${file}}`;
const org = (file) => `[[file:${file.replace(/[[\]\\]/g, "\\$&")}]]`;

/** By language; everything else is Markdown. */
const formats = { html, vue: html, svelte: html, astro: html, php: html, latex, tex: latex, org };

/** A prompt of any length on part of one line. */
function short(prompt, limit) {
  const letters = [...prompt.trim().replace(/\s+/g, " ")];
  return letters.length <= limit ? letters.join("") : `${letters.slice(0, limit - 1).join("")}…`;
}

/** Where a document's pictures go; undefined for imagewire's own folder, as for a document that is no file. */
function folderOf(document, setting) {
  if (!setting || document.isUntitled || document.uri.scheme !== "file") return undefined;
  return path.resolve(path.dirname(document.uri.fsPath), setting);
}

/** The links to a prediction's files, as the document's language writes them. */
function linksTo(files, prompt, document, folder) {
  const format = formats[document.languageId] ?? markdown;
  return files
    .map((file) => {
      // Relative only where the file is where this document keeps its pictures.
      const isKept = folder !== undefined && path.dirname(file.path) === folder;
      const place = isKept ? path.relative(path.dirname(document.uri.fsPath), file.path) : file.path;
      return format(place, short(prompt, 100));
    })
    .join("\n");
}

/** A file name made of the first words of a prompt; undefined where it has none of ASCII. */
function nameFor(prompt) {
  let name = prompt.slice(0, 400).toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "");
  if (name.length > 40) name = name.slice(0, 40).replace(/-[^-]*$/, "");
  return name || undefined;
}

module.exports = { folderOf, linksTo, nameFor, short };
