// Files in an input: of this machine, or bytes in memory.
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { types } from "node:util";

/** The file of this machine at a path, for an input: `pathToFileURL` of `node:url`. */
export const file = (path) => pathToFileURL(path);

/** The absolute path of a directory or a file that an option names; a place in a bucket (`s3://bucket/prefix`) as it is. */
export const directory = (path) => {
  if (isURL(path)) return fileURLToPath(path);
  return path && (String(path).startsWith("s3://") ? String(path) : resolve(path));
};

/** The longest file that is sent inside a message, in bytes: as Base64 it fills the 48 MB of an input. */
const LONGEST = 36_000_000;
/** How many bytes from the start of a file tell its format. */
const HEAD = 4_096;

/** The formats of images, videos and sounds by their first bytes, read as Latin-1. */
const FORMATS = [
  ["image/png", /^\x89PNG\r\n\x1a\n/],
  ["image/jpeg", /^\xff\xd8\xff/],
  ["image/gif", /^GIF8[79]a/],
  ["image/webp", /^RIFF.{4}WEBP/s],
  ["image/bmp", /^BM.{4}\0{4}/s],
  ["image/tiff", /^(II\*\0|MM\0\*)/],
  ["image/avif", /^.{4}ftypavi[fs]/s],
  ["image/heic", /^.{4}ftyp(he[iv][cmsx]|mif1|msf1)/s],
  ["video/quicktime", /^.{4}ftypqt {2}/s],
  ["audio/mp4", /^.{4}ftypM4[ABP] /s],
  ["video/mp4", /^.{4}ftyp/s],
  ["video/webm", /^\x1a\x45\xdf\xa3.*webm/s],
  ["video/x-matroska", /^\x1a\x45\xdf\xa3/],
  ["video/x-msvideo", /^RIFF.{4}AVI /s],
  ["audio/wav", /^RIFF.{4}WAVE/s],
  ["audio/flac", /^fLaC/],
  ["audio/ogg", /^OggS/],
  ["audio/mpeg", /^(ID3|\xff[\xe2-\xe7\xf2-\xf7\xfa-\xff])/],
  ["audio/aac", /^\xff[\xf0\xf1\xf8\xf9]/],
];

/** The formats that imagewire uploads by their path. */
const UPLOADED = new Set(["image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp", "image/tiff"]);

/**
 * An input as JSON holds it, and the parameter `upload` that goes with it. A file of this machine becomes a reference, by which
 * imagewire uploads it; bytes and what imagewire does not upload become data URIs. Nothing else changes.
 *
 * Reads the values and the bytes before it returns, files and blobs before its promise resolves.
 *
 * @param upload the caller's own word; with `false` there are no references
 * @throws {TypeError} bytes that are no image, video or sound, or a file where only text can be
 * @throws {RangeError} a file that is too long for a message
 * @throws {Error} a file that cannot be read, with the `code` of the file system and its `path`
 */
export async function withFiles(input, upload) {
  const reading = [];
  const references = [];
  /** Plain strings that would be references too. */
  const texts = [];
  /** By their originals: a loop stays one, and JSON refuses it. */
  const copies = new Map();

  function copy(source, path, isText) {
    if (copies.has(source)) return copies.get(source);
    const target = Array.isArray(source) ? [] : {};
    copies.set(source, target);
    for (const [key, original] of Object.entries(source)) {
      if (key === "toJSON" && typeof original === "function") continue; // It was called.
      const value = asJSON(original, key);
      const name = Array.isArray(source) ? `${path}[${key}]` : `${path}.${key}`;
      const isPrompt = isText || (key === "prompt" && !Array.isArray(source));
      target[key] = value;
      if (isFile(value)) {
        if (isPrompt) throw new TypeError(`${name} is text and cannot be a file. Nothing was sent.`);
        const done = read(value, name).then((text) => (target[key] = text));
        done.catch(() => {}); // Where something else is refused first, nobody waits for it.
        reading.push(done);
      } else if (types.isPromise(value) || value?.[Symbol.asyncIterator]) {
        throw new TypeError(`${name} is a promise or a stream: await it or read it first. Nothing was sent.`);
      } else if (typeof value === "object" && value !== null) {
        target[key] = copy(value, name, isPrompt);
      } else if (typeof value === "string" && value.startsWith("@/") && !isPrompt) {
        texts.push(name);
      }
    }
    return target;
  }

  async function read(value, name) {
    if (!isURL(value)) {
      checkLength(value.size ?? value.byteLength, name);
      return dataURI(isBlob(value) ? Buffer.from(await value.arrayBuffer()) : bytesOf(value), name);
    }
    const text = await readPath(fileURLToPath(value), name, upload !== false);
    if (text.startsWith("@")) references.push(name);
    return text;
  }

  const sent = copy(asJSON(input, "input"), "input", false);
  await Promise.all(reading);
  if (upload === undefined && references.length > 0) {
    if (texts.length > 0) {
      throw new TypeError(
        `${texts[0]} begins with "@/", so it would be uploaded like the file in ${references[0]}. ` +
          "Give it as a file too, or `upload: true`. Nothing was sent.",
      );
    }
    return { input: sent, upload: true };
  }
  return { input: sent, upload };
}

// By their tags, so that those of another realm, such as a test runner's, are known too.
const tagOf = (value) => Object.prototype.toString.call(value);
const isURL = (value) => tagOf(value) === "[object URL]" && value.protocol === "file:";
const isBlob = (value) => ["[object Blob]", "[object File]"].includes(tagOf(value));
const isFile = (value) => isURL(value) || isBlob(value) || ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value);

/** What JSON holds of a value: the text of a date, of a URL, of an object that makes its own. */
const asJSON = (value, key) => (typeof value?.toJSON === "function" && !isFile(value) ? value.toJSON(key) : value);

/** A file of this machine as a reference, or with its content. */
async function readPath(path, name, mayUpload) {
  let opened;
  try {
    // A named pipe without a writer would keep us waiting otherwise.
    opened = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const { bytesRead, buffer } = await opened.read(Buffer.alloc(HEAD), 0, HEAD, 0);
    const format = formatOf(buffer.subarray(0, bytesRead), `${name}: ${path}`);
    if (mayUpload && UPLOADED.has(format)) return `@${path}`;
    checkLength((await opened.stat()).size, `${name}: ${path}`);
    return dataURI(await opened.readFile(), name);
  } catch (error) {
    if (error.syscall === undefined) throw error;
    const [reason] = error.message.split(", ");
    const message = `${name}: ${path} cannot be read: ${reason}. Nothing was sent.`;
    throw Object.assign(new Error(message, { cause: error }), { code: error.code, path });
  } finally {
    await opened?.close();
  }
}

/** The bytes of a buffer or of a view of one. */
const bytesOf = (value) =>
  ArrayBuffer.isView(value) ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : Buffer.from(value);

const dataURI = (bytes, name) => `data:${formatOf(bytes, name)};base64,${bytes.toString("base64")}`;

/** The media type of bytes. */
function formatOf(bytes, name) {
  const head = bytes.subarray(0, HEAD).toString("latin1");
  const format = FORMATS.find(([, start]) => start.test(head));
  if (format === undefined) throw new TypeError(`${name} is no image, video or sound. Nothing was sent.`);
  return format[0];
}

function checkLength(bytes, name) {
  if (bytes <= LONGEST) return;
  const [size, limit] = [bytes, LONGEST].map((count) => count.toLocaleString("en-US"));
  throw new RangeError(`${name} has ${size} bytes, and a file in a message has at most ${limit}. Nothing was sent.`);
}
