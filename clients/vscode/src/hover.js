"use strict";

const path = require("node:path");
const vscode = require("vscode");
const { fileOf, imageIn, linkAt } = require("./find.js");
const { t } = require("./say.js");
const { short } = require("./text.js");

const commands = ["change", "vary", "again", "history"];

/** Shows the image of the link under the mouse, with commands for it. */
class ImageHover {
  provideHover(document, position) {
    const offset = document.offsetAt(position);
    const link = linkAt(document, offset);
    const file = link && fileOf(document, link.target);
    if (!file || !imageIn(file)?.shown) return undefined;
    const text = new vscode.MarkdownString();
    // Only these commands can be run from it; text of others cannot add any.
    text.isTrusted = { enabledCommands: commands.map((name) => `imagewire.${name}`) };
    text.appendMarkdown(`![](${vscode.Uri.file(file)}|width=320)\n\n`);
    text.appendMarkdown(escaped(path.basename(file)));
    const given = encodeURIComponent(JSON.stringify([{ uri: String(document.uri), offset }]));
    const titles = { change: t("Change…"), vary: t("Vary"), again: t("Again"), history: t("History") };
    const links = commands.map((name) => `[${titles[name]}](command:imagewire.${name}?${given})`);
    text.appendMarkdown(`\n\n${links.join(" · ")}`);
    return new vscode.Hover(text, new vscode.Range(document.positionAt(link.start), document.positionAt(link.end)));
  }
}

/** Text of others in Markdown: all but letters, digits, spaces and dots as numbers, which no parser takes for markup. */
const escaped = (text) => short(text, 100).replace(/[^\p{L}\p{N} .]/gu, (character) => `&#${character.codePointAt(0)};`);

module.exports = { ImageHover };
