"use strict";

const path = require("node:path");

/** A path as a URL: everything of ASCII that could end or change a link is percent-encoded. */
const url = { keep: "/._~-", other: "percent" };
/** A path where nothing can be escaped: one with any other character of ASCII is refused. */
const bare = { keep: " /._-+,@()'", other: "refuse" };
const entities = {
  "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;", "`": "&#96;", "{": "&#123;", "}": "&#125;", "@": "&#64;",
};

/** How links are written: the rules of `Tests/Fixtures/link-escapes.json`, which all editors follow. */
const formats = {
  markdown: {
    link: "![DESCRIPTION](PATH)",
    path: url,
    description: {
      "\\": "\\\\", "`": "\\`", "*": "\\*", _: "\\_", "[": "\\[", "]": "\\]", "|": "\\|", $: "\\$", "~": "\\~",
      "&": "&amp;", "<": "&lt;", ">": "&gt;", "{": "&#123;", "}": "&#125;",
    },
  },
  html: { link: '<img src="PATH" alt="DESCRIPTION">', path: url, description: entities },
  org: { link: "[[file:PATH]]", path: { ...bare, map: { "[": "\\[", "]": "\\]" } } },
  latex: { link: "\\includegraphics[width=\\linewidth]{PATH}", path: bare },
};

/** The formats of languages; everything else is Markdown. */
const languages = { html: "html", vue: "html", svelte: "html", astro: "html", php: "html", latex: "latex", tex: "latex", org: "org" };

const space = /[\t-\r \u0085\u2028\u2029]+/gu;
const unsafe =
  /[\0-\x1F\x7F-\x9F\xAD\u061C\u180E\u200B\u200E\u200F\u2028-\u202E\u2060-\u206F\uD800-\uDFFF\uFEFF\uFFF9-\uFFFB\u{E0000}-\u{E007F}]/u;
const allUnsafe = new RegExp(unsafe, "gu");

/** Text of any length on part of one line, without characters that are invisible or change the text around them. */
function short(text, limit) {
  const letters = [...text.replace(space, " ").replace(allUnsafe, "").replace(/ +/g, " ").trim()];
  return letters.length <= limit ? letters.join("") : `${letters.slice(0, limit - 1).join("")}…`;
}

/** A path as a format writes it; undefined where it cannot be written safely. */
function written(file, { keep = "", map = {}, other }) {
  if (file === "" || [...file].length > 2_000 || unsafe.test(file)) return undefined;
  let text = "";
  for (const character of file.replace(/^\/+/, "/")) {
    if (Object.hasOwn(map, character)) text += map[character];
    else if (/[^\0-\x7F]|[A-Za-z0-9]/u.test(character) || keep.includes(character) || other === "keep") text += character;
    else if (other === "percent") text += `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
    else return undefined;
  }
  return text;
}

/** The link to a file in one of the formats; undefined where its path cannot be written safely. */
function link(name, file, description) {
  const format = formats[name];
  const place = written(file, format.path);
  if (place === undefined) return undefined;
  const words = format.description
    ? [...short(description, 100)].map((character) => format.description[character] ?? character).join("")
    : "";
  return format.link.replace(/PATH|DESCRIPTION/g, (part) => (part === "PATH" ? place : words));
}

/** Where a document's images go; undefined for imagewire's own folder, as for a document without a file. */
function folderOf(document, setting) {
  if (!setting || document.isUntitled || document.uri.scheme !== "file") return undefined;
  return path.resolve(path.dirname(document.uri.fsPath), setting);
}

/** The links to a prediction's files, as the document's language writes them. Throws where one cannot be written safely. */
function linksTo(files, prompt, document, folder) {
  const name = languages[document.languageId] ?? "markdown";
  return files
    .map((file) => {
      // Relative only where the file is where this document keeps its images.
      const isKept = folder !== undefined && path.dirname(file.path) === folder;
      const place = isKept ? path.relative(path.dirname(document.uri.fsPath), file.path) : file.path;
      const text = link(name, place.replaceAll(path.sep, "/"), prompt);
      if (text === undefined) throw new Error(`the image is saved, but ${name} cannot hold its path safely: ${file.path}`);
      return text;
    })
    .join("\n");
}

/** A file name made of the first words of a prompt; undefined where it has none of ASCII. */
function nameFor(prompt) {
  let name = prompt.slice(0, 400).toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "");
  if (name.length > 40) name = name.slice(0, 40).replace(/-[^-]*$/, "");
  return name || undefined;
}

module.exports = { folderOf, formats, link, linksTo, nameFor, short };
