"use strict";

const path = require("node:path");
const vscode = require("vscode");
const { explain } = require("./errors.js");
const { checkWritable, linkedPath } = require("./folder.js");
const { titles } = require("./formats.js");
const { formatOf, isBlock, link } = require("./link.js");
const { sayInformation, sayWarning, t } = require("./say.js");
const { altOf, folderOf, settingsFor } = require("./settings.js");
const { short } = require("./text.js");

const formatFor = (document) => formatOf(document, { figure: settingsFor(document).get("figure") });
const spelt = (file) => file.replaceAll(path.sep, "/");

/** The folder of a document's images. Throws where a link could not be inserted, or its file not be written: nothing is sent. */
async function readyFolder(document) {
  if (await isReadOnly(document)) throw new Error(t("this document cannot be changed. Nothing was sent."));
  const folder = folderOf(document);
  if (folder === undefined) return undefined;
  checkWritable(folder);
  const format = formatFor(document);
  const file = spelt(path.relative(path.dirname(document.uri.fsPath), path.join(folder, "image.png")));
  if (link(format, file, "") === undefined) {
    throw new Error(
      t("a link in {0} cannot hold the path of the folder {1} safely. Nothing was sent. The setting imagewire.folder names it.", titles[format], folder),
    );
  }
  return folder;
}

/** Whether a document cannot be changed, as far as VS Code says: by its file system, by its file, or by the settings. */
async function isReadOnly({ uri, isUntitled, languageId }) {
  if (isUntitled || uri.scheme === "vscode-notebook-cell") return false;
  if (vscode.workspace.fs.isWritableFileSystem(uri.scheme) !== true) return true;
  const settings = vscode.workspace.getConfiguration("files", uri);
  const isNamed = (name) =>
    Object.entries(settings.get(name) ?? {}).some(([pattern, isSet]) => isSet === true && vscode.languages.match({ pattern }, { uri, languageId }) > 0);
  if (isNamed("readonlyInclude") && !isNamed("readonlyExclude")) return true;
  const permissions = await vscode.workspace.fs.stat(uri).then((stat) => stat.permissions, () => undefined);
  return ((permissions ?? 0) & vscode.FilePermission.Readonly) !== 0;
}

/** The links to a prediction's files, as the document writes them. Throws where one cannot be written safely. */
function linksTo(files, prompt, document, made) {
  const format = formatFor(document);
  const description = altOf(prompt, document);
  return files
    .map((file) => {
      const text = link(format, spelt(linkedPath(file.path, document, made)), description, file.kind);
      if (text === undefined) throw new Error(t("the file is saved, but {0} cannot hold its path safely: {1}", titles[format], file.path));
      return text;
    })
    .join(files.some(({ kind }) => isBlock(format, kind)) ? "\n\n" : "\n");
}

/** Inserts the links of a prediction, or says why there are none. `made` is the folder that it was made in for the place. */
async function land(prediction, prompt, place, made) {
  if (prediction === undefined) {
    sayInformation(t("{0}: cancelled before it was sent. Nothing was spent.", short(prompt, 40)));
    return;
  }
  if (prediction.status !== "completed" || prediction.files.length === 0) return explain(prediction, prompt);
  const format = formatFor(place.document);
  const text = linksTo(prediction.files, prompt, place.document, made);
  if (await place.insert(text, prediction.files.some(({ kind }) => isBlock(format, kind)))) return;
  await vscode.env.clipboard.writeText(text);
  sayWarning(t("the document was closed or cannot be changed; the link to the file is in the clipboard."));
}

module.exports = { land, linksTo, readyFolder };
