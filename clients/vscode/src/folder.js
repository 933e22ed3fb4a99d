"use strict";

// Files beside documents.

const fs = require("node:fs");
const path = require("node:path");
const { t } = require("./say.js");
const { folderOf, projectOf } = require("./settings.js");

/** Throws where files could not be written into a folder, which need not exist yet. Makes nothing. */
function checkWritable(folder) {
  let place = folder;
  try {
    while (!fs.existsSync(place) && path.dirname(place) !== place) place = path.dirname(place);
    if (!fs.statSync(place).isDirectory()) throw new Error(t("{0} is no folder", place));
    fs.accessSync(place, fs.constants.W_OK | fs.constants.X_OK);
  } catch (error) {
    const reason = error.code ?? error.message;
    throw new Error(t("the folder {0} cannot be written ({1}). Nothing was sent. The setting imagewire.folder names it.", folder, reason));
  }
}

function isBelow(file, folder) {
  const way = folder === undefined ? ".." : path.relative(folder, file);
  return !/^\.\.([/\\]|$)/.test(way) && !path.isAbsolute(way);
}

/**
 * The path that a document's link has for a file: relative to the document if the file is in its folder, in `made` (where the
 * image was made for it) or below its project. A file from elsewhere is copied into the folder first.
 */
function linkedPath(file, document, made) {
  if (!fs.existsSync(file)) throw new Error(t("the file {0} is not there any more.", file));
  if (document.isUntitled || document.uri.scheme !== "file") return file;
  const folder = folderOf(document);
  const isNear = [folder, made].includes(path.dirname(file)) || isBelow(file, projectOf(document));
  if (!isNear && folder === undefined) return file;
  return path.relative(path.dirname(document.uri.fsPath), isNear ? file : copied(file, folder));
}

/** Copies a file into a folder, under a name with a number if its own is taken by another file. The umask decides its mode. */
function copied(file, folder) {
  const content = fs.readFileSync(file);
  const { name, ext } = path.parse(file);
  fs.mkdirSync(folder, { recursive: true });
  for (let number = 1; ; number++) {
    const target = path.join(folder, number === 1 ? name + ext : `${name}_${number}${ext}`);
    try {
      fs.writeFileSync(target, content, { flag: "wx" });
      return target;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
      if (fs.statSync(target).isFile() && fs.readFileSync(target).equals(content)) return target;
    }
  }
}

module.exports = { checkWritable, linkedPath };
