// Packs the extension into imagewire-VERSION.vsix, as VS Code installs it: node package.mjs [FOLDER]
//
// A vsix is a zip file with a manifest. The client package goes into it as a module, and nothing else does.
import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const manifest = JSON.parse(readFileSync(join(here, "package.json"), "utf8"));

/** All files below some of the names in a folder, under a prefix. */
function* files(folder, names, prefix) {
  for (const name of names) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* files(path, readdirSync(path).sort(), `${prefix}${name}/`);
    else yield [`${prefix}${relative(folder, path).split(sep).join("/")}`, readFileSync(path)];
  }
}

const escaped = (text) => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

const described = `<?xml version="1.0" encoding="utf-8"?>
<PackageManifest Version="2.0.0" xmlns="http://schemas.microsoft.com/developer/vsx-schema/2011">
  <Metadata>
    <Identity Language="en-US" Id="${manifest.name}" Version="${manifest.version}" Publisher="${manifest.publisher}"/>
    <DisplayName>${escaped(manifest.displayName)}</DisplayName>
    <Description xml:space="preserve">${escaped(manifest.description)}</Description>
    <Tags>${escaped(manifest.keywords.join(","))}</Tags>
    <Categories>${escaped(manifest.categories.join(","))}</Categories>
    <Properties>
      <Property Id="Microsoft.VisualStudio.Code.Engine" Value="${escaped(manifest.engines.vscode)}"/>
      <Property Id="Microsoft.VisualStudio.Code.ExtensionKind" Value="${manifest.extensionKind.join(",")}"/>
    </Properties>
  </Metadata>
  <Installation><InstallationTarget Id="Microsoft.VisualStudio.Code"/></Installation>
  <Dependencies/>
  <Assets>
    <Asset Type="Microsoft.VisualStudio.Code.Manifest" Path="extension/package.json" Addressable="true"/>
    <Asset Type="Microsoft.VisualStudio.Services.Content.Details" Path="extension/README.md" Addressable="true"/>
  </Assets>
</PackageManifest>
`;

const types = `<?xml version="1.0" encoding="utf-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
  <Default Extension="json" ContentType="application/json"/>
  <Default Extension="js" ContentType="application/javascript"/>
  <Default Extension="ts" ContentType="video/mp2t"/>
  <Default Extension="md" ContentType="text/markdown"/>
  <Default Extension="vsixmanifest" ContentType="text/xml"/>
</Types>
`;

const crcs = Uint32Array.from({ length: 256 }, (_, byte) => {
  for (let bit = 0; bit < 8; bit++) byte = byte & 1 ? 0xedb88320 ^ (byte >>> 1) : byte >>> 1;
  return byte;
});
const crc32 = (bytes) => ~bytes.reduce((crc, byte) => crcs[(crc ^ byte) & 255] ^ (crc >>> 8), -1) >>> 0;

/** A zip file whose entries are stored as they are; the same bytes for the same entries. */
function zip(entries) {
  const parts = [];
  const directory = [];
  let offset = 0;
  for (const [name, content] of entries) {
    const title = Buffer.from(name);
    // Version 2.0, UTF-8 names, stored, 1 January 1980.
    const shared = Buffer.alloc(26);
    [20, 0x0800, 0, 0, 33].forEach((value, index) => shared.writeUInt16LE(value, 2 * index));
    [crc32(content), content.length, content.length].forEach((value, index) => shared.writeUInt32LE(value, 10 + 4 * index));
    shared.writeUInt16LE(title.length, 22);
    parts.push(Buffer.from("PK\x03\x04"), shared, title, content);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(offset, 10);
    directory.push(Buffer.from("PK\x01\x02\x14\x00", "latin1"), shared, rest, title);
    offset += 4 + shared.length + title.length + content.length;
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  [entries.length, entries.length].forEach((value, index) => end.writeUInt16LE(value, 4 + 2 * index));
  [listed.length, offset].forEach((value, index) => end.writeUInt32LE(value, 8 + 4 * index));
  return Buffer.concat([...parts, listed, Buffer.from("PK\x05\x06"), end]);
}

const target = join(process.argv[2] ?? ".", `imagewire-${manifest.version}.vsix`);
writeFileSync(target, zip([
  ["[Content_Types].xml", Buffer.from(types)],
  ["extension.vsixmanifest", Buffer.from(described)],
  ...files(here, ["package.json", "README.md", "src"], "extension/"),
  ...files(join(here, "../node"), ["package.json", "src"], "extension/node_modules/imagewire/"),
]));
console.log(target);
