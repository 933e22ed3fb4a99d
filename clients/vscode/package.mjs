// Packs the extension as VS Code installs it: node package.mjs [FOLDER [PROGRAM ABOUT]]
//
// Without a program it is imagewire-VERSION.vsix for every system; with one imagewire-PLATFORM-VERSION.vsix, which holds it; ABOUT is a
// folder of .ci/components, which says what is in the program. A vsix is a zip file with a manifest. The client package goes into it as a
// module. The same input gives the same bytes.
import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { deflateRawSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const [, , folder = ".", program, components] = process.argv;
/** VS Code's name of the system that the program is for. */
const platform = program && `${process.platform}-${process.arch}`;
const manifest = JSON.parse(readFileSync(join(here, "package.json"), "utf8"));

/** The texts of the manifest, in English. */
const texts = JSON.parse(readFileSync(join(here, "package.nls.json"), "utf8"));

/** All files below some of the names in a folder, under a prefix. */
function* files(folder, names, prefix) {
  for (const name of names) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* files(path, readdirSync(path).sort(), `${prefix}${name}/`);
    else yield [`${prefix}${relative(folder, path).split(sep).join("/")}`, readFileSync(path)];
  }
}

/** The README without the paragraph of its picture: the marketplace refuses SVG, and it is not packed. */
const readme = readFileSync(join(here, "README.md"), "utf8").replace(/^!\[.*\]\([^)]*\.svg\)\n(?:.+\n)*\n/gm, "");

/** What a program holds, with licences. */
const parts = (components) => [
  ...readdirSync(join(components, "licences")).sort().map((name) => [`extension/licences/${name}.txt`, readFileSync(join(components, "licences", name))]),
  ["extension/imagewire.spdx.json", readFileSync(join(components, "imagewire.spdx.json"))],
];

const escaped = (text) => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

const described = `<?xml version="1.0" encoding="utf-8"?>
<PackageManifest Version="2.0.0" xmlns="http://schemas.microsoft.com/developer/vsx-schema/2011">
  <Metadata>
    <Identity Language="en-US" Id="${manifest.name}" Version="${manifest.version}" Publisher="${manifest.publisher}"${
  platform ? ` TargetPlatform="${platform}"` : ""
}/>
    <DisplayName>${escaped(manifest.displayName)}</DisplayName>
    <Description xml:space="preserve">${escaped(texts[manifest.description.slice(1, -1)])}</Description>
    <Tags>${escaped(manifest.keywords.join(","))}</Tags>
    <Categories>${escaped(manifest.categories.join(","))}</Categories>
    <License>extension/LICENSE.txt</License>
    <Icon>extension/${manifest.icon}</Icon>
    <Properties>
      <Property Id="Microsoft.VisualStudio.Services.Links.Source" Value="${escaped(manifest.repository.url)}"/>
      <Property Id="Microsoft.VisualStudio.Code.Engine" Value="${escaped(manifest.engines.vscode)}"/>
      <Property Id="Microsoft.VisualStudio.Code.ExtensionKind" Value="${manifest.extensionKind.join(",")}"/>
    </Properties>
  </Metadata>
  <Installation><InstallationTarget Id="Microsoft.VisualStudio.Code"/></Installation>
  <Dependencies/>
  <Assets>
    <Asset Type="Microsoft.VisualStudio.Code.Manifest" Path="extension/package.json" Addressable="true"/>
    <Asset Type="Microsoft.VisualStudio.Services.Content.Details" Path="extension/README.md" Addressable="true"/>
    <Asset Type="Microsoft.VisualStudio.Services.Content.License" Path="extension/LICENSE.txt" Addressable="true"/>
    <Asset Type="Microsoft.VisualStudio.Services.Icons.Default" Path="extension/${manifest.icon}" Addressable="true"/>
  </Assets>
</PackageManifest>
`;

const types = `<?xml version="1.0" encoding="utf-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
  <Default Extension="json" ContentType="application/json"/>
  <Default Extension="js" ContentType="application/javascript"/>
  <Default Extension="css" ContentType="text/css"/>
  <Default Extension="ts" ContentType="video/mp2t"/>
  <Default Extension="md" ContentType="text/markdown"/>
  <Default Extension="txt" ContentType="text/plain"/>
  <Default Extension="png" ContentType="image/png"/>
  <Override PartName="/extension/bin/imagewire" ContentType="application/octet-stream"/>
  <Default Extension="vsixmanifest" ContentType="text/xml"/>
</Types>
`;

const crcs = Uint32Array.from({ length: 256 }, (_, byte) => {
  for (let bit = 0; bit < 8; bit++) byte = byte & 1 ? 0xedb88320 ^ (byte >>> 1) : byte >>> 1;
  return byte;
});
const crc32 = (bytes) => ~bytes.reduce((crc, byte) => crcs[(crc ^ byte) & 255] ^ (crc >>> 8), -1) >>> 0;

/** A zip file of names, contents and modes; large contents are deflated. */
function zip(entries) {
  const parts = [];
  const directory = [];
  let offset = 0;
  for (const [name, content, mode = 0o644] of entries) {
    const title = Buffer.from(name);
    const isPacked = content.length > 1 << 16;
    const packed = isPacked ? deflateRawSync(content, { level: 9 }) : content;
    // Version 2.0, UTF-8 names, stored or deflated, 1 January 1980.
    const shared = Buffer.alloc(26);
    [20, 0x0800, isPacked ? 8 : 0, 0, 33].forEach((value, index) => shared.writeUInt16LE(value, 2 * index));
    [crc32(content), packed.length, content.length].forEach((value, index) => shared.writeUInt32LE(value, 10 + 4 * index));
    shared.writeUInt16LE(title.length, 22);
    parts.push(Buffer.from("PK\x03\x04"), shared, title, packed);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE((0o100000 | mode) * 0x10000, 6);
    rest.writeUInt32LE(offset, 10);
    // Made on Unix: the upper half of the attributes is the mode.
    directory.push(Buffer.from("PK\x01\x02\x14\x03", "latin1"), shared, rest, title);
    offset += 4 + shared.length + title.length + packed.length;
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  [entries.length, entries.length].forEach((value, index) => end.writeUInt16LE(value, 4 + 2 * index));
  [listed.length, offset].forEach((value, index) => end.writeUInt32LE(value, 8 + 4 * index));
  return Buffer.concat([...parts, listed, Buffer.from("PK\x05\x06"), end]);
}

const target = join(folder, `imagewire-${platform ? `${platform}-` : ""}${manifest.version}.vsix`);
writeFileSync(target, zip([
  ["[Content_Types].xml", Buffer.from(types)],
  ["extension.vsixmanifest", Buffer.from(described)],
  ["extension/LICENSE.txt", readFileSync(join(here, "../../LICENSE"))],
  ["extension/README.md", Buffer.from(readme)],
  ...files(here, ["package.json", "package.nls.json", "package.nls.de.json", manifest.icon, "l10n", "media", "src", "walkthrough"], "extension/"),
  ...(program ? [["extension/bin/imagewire", readFileSync(program), 0o755], ...parts(components)] : []),
  ...files(join(here, "../node"), ["package.json", "src"], "extension/node_modules/imagewire/"),
]));
console.log(target);
