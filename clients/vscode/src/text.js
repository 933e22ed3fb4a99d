"use strict";

// Text of others, made fit to be shown on one line.

const space = /[\t-\r \u0085\u2028\u2029]+/gu;
const unsafe =
  /[\0-\x1F\x7F-\x9F\xAD\u061C\u180E\u200B\u200E\u200F\u2028-\u202E\u2060-\u206F\uD800-\uDFFF\uFEFF\uFFF9-\uFFFB\u{E0000}-\u{E007F}]/u;
const allUnsafe = new RegExp(unsafe, "gu");

/** Text of any length on part of one line, without characters that are invisible or change the text around them. */
function short(text, limit) {
  const letters = [...text.replace(space, " ").replace(allUnsafe, "").replace(/ +/g, " ").trim()];
  return letters.length <= limit ? letters.join("") : `${letters.slice(0, limit - 1).join("")}…`;
}

/** A word for the files of a prediction in a list: `image`, `4×image`, `3 files`; empty where there are none. */
function kindsOf(files) {
  const kinds = files.map(({ kind }) => kind ?? "image");
  if (new Set(kinds).size > 1) return `${kinds.length} files`;
  return kinds.length > 1 ? `${kinds.length}×${kinds[0]}` : (kinds[0] ?? "");
}

/** Text of others in a list, where `$(…)` would be an icon. */
const inList = (text, limit) => short(text, limit).replaceAll("$(", "$ (");

/** A file name made of the first words of a prompt; undefined where it has none of ASCII. */
function nameFor(prompt) {
  let name = prompt.slice(0, 400).toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "");
  if (name.length > 40) name = name.slice(0, 40).replace(/-[^-]*$/, "");
  return name || undefined;
}

module.exports = { inList, kindsOf, nameFor, short, unsafe };
