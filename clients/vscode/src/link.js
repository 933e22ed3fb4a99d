"use strict";

const path = require("node:path");

const pictures = ["image", "vector"];
/** A path as a URL: everything of ASCII that could end or change a link is percent-encoded. */
const url = { keep: "/._~-", other: "percent" };
/** A path where nothing can be escaped: one with any other character of ASCII is refused. */
const bare = { keep: " /._-+,@()'", other: "refuse" };
const entities = {
  "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;", "`": "&#96;", "{": "&#123;", "}": "&#125;", "@": "&#64;",
};

/**
 * How links are written: the rules of `Tests/Fixtures/link-escapes.json`, which all editors follow. A file of a kind in
 * `shown` by `link`, every other one by `file`, whose members replace those of the format.
 */
const formats = {
  markdown: {
    shown: pictures,
    link: "![DESCRIPTION](PATH)",
    file: { link: "[DESCRIPTION](PATH)" },
    path: url,
    description: {
      "\\": "\\\\", "`": "\\`", "*": "\\*", _: "\\_", "[": "\\[", "]": "\\]", "|": "\\|", $: "\\$", "~": "\\~",
      "&": "&amp;", "<": "&lt;", ">": "&gt;", "{": "&#123;", "}": "&#125;",
    },
  },
  html: {
    shown: pictures,
    link: '<img src="PATH" alt="DESCRIPTION">',
    file: { link: '<a href="PATH">DESCRIPTION</a>' },
    path: url,
    description: entities,
  },
  org: {
    shown: pictures,
    link: "[[file:PATH]]",
    file: { link: "[[file:PATH]]" },
    path: { ...bare, map: { "[": "\\[", "]": "\\]" } },
  },
  latex: {
    shown: ["image"],
    link: "\\includegraphics[width=\\linewidth]{PATH}",
    file: { link: "\\texttt{PATH}", path: { keep: " /.-+,@()'", other: "refuse", map: { _: "\\_" } } },
    path: bare,
  },
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

/** The link to a file of a kind in one of the formats; undefined where its path cannot be written safely. */
function link(name, file, description, kind = "image") {
  const rules = formats[name];
  const isShown = rules.shown.includes(kind);
  const format = isShown ? rules : { ...rules, ...rules.file };
  const place = written(file, format.path);
  if (place === undefined) return undefined;
  const given = short(description, 100) || (isShown ? "" : short(file.split("/").at(-1), 100));
  const words = format.description
    ? [...given].map((character) => format.description[character] ?? character).join("")
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
      const text = link(name, place.replaceAll(path.sep, "/"), prompt, file.kind);
      if (text === undefined) throw new Error(`the file is saved, but ${name} cannot hold its path safely: ${file.path}`);
      return text;
    })
    .join("\n");
}

/** A word for the files of a prediction in a list: `image`, `4×image`, `3 files`; empty where there are none. */
function kindsOf(files) {
  const kinds = files.map(({ kind }) => kind ?? "image");
  if (new Set(kinds).size > 1) return `${kinds.length} files`;
  return kinds.length > 1 ? `${kinds.length}×${kinds[0]}` : (kinds[0] ?? "");
}

/** A file name made of the first words of a prompt; undefined where it has none of ASCII. */
function nameFor(prompt) {
  let name = prompt.slice(0, 400).toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "");
  if (name.length > 40) name = name.slice(0, 40).replace(/-[^-]*$/, "");
  return name || undefined;
}

module.exports = { folderOf, formats, kindsOf, link, linksTo, nameFor, short };
