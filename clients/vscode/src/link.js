"use strict";

const path = require("node:path");
const { blocks, endings, formats, languages, more } = require("./formats.js");
const { kindsOf, nameFor, short, unsafe } = require("./text.js");

/** The format of a document; with `figure`, LaTeX gets a figure with a caption. */
function formatOf(document, { figure = false } = {}) {
  const { languageId, uri } = document;
  const known = Object.hasOwn(languages, languageId) ? languages[languageId] : "code";
  const ending = path.extname(uri.path).slice(1).toLowerCase();
  const name = languageId === "plaintext" && Object.hasOwn(endings, ending) ? endings[ending] : known;
  if (name === "org") return "orgWithCaption";
  return name === "latex" && figure ? "latexFigure" : name;
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
  const rules = formats[name] ?? more[name];
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

/** Whether a file in a format needs lines of its own. */
const isBlock = (name, kind = "image") => blocks.has(name) && (formats[name] ?? more[name]).shown.includes(kind);

module.exports = { formatOf, formats, isBlock, kindsOf, link, nameFor, short };
