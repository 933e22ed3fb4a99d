// Writes src/schema.d.ts, the types of the protocol, from schemas/openrpc.json: node render-types.mjs
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The types that have a name, by where they first occur; whatever else looks the same gets that name too. */
const NAMES = {
  Status: "Prediction.status",
  SavedFile: "Prediction.files[]",
  FileKind: "Prediction.files[].kind",
  Preview: "Prediction.preview",
  Billing: "Prediction.billing",
  Cost: "Prediction.cost",
  CostSource: "Prediction.cost.source",
  Timings: "Prediction.timings",
  Failure: "Prediction.failure",
  FailureType: "Prediction.failure.type",
  PartialFile: "Prediction.failure.partial[]",
  Waiting: "Prediction.waiting",
  Warning: "Prediction.warnings[]",
  Prediction: "Prediction",
  Waited: "wait",
  Page: "list",
  Deletion: "delete",
  Thumbnail: "thumbnail",
  Model: "models.models[]",
  ModelKind: "models.models[].kind",
  Quote: "quote",
  Balance: "balance",
  Validation: "validate",
};

/** What the types of methods' results are. */
const RESULTS = "What the method %s returns.";

/** The longest line. */
const WIDTH = 128;

/** The declarations of an OpenRPC document. */
export function render({ methods, components }) {
  const roots = { Prediction: components.schemas.Prediction };
  for (const { name, result } of methods) if (result) roots[name] = result.schema;

  /** Each shape without its description and its constraints, and the name that it has. */
  const shapes = new Map();
  const declarations = Object.entries(NAMES).map(([name, path]) => {
    const schema = find(roots, path);
    shapes.set(shape(schema), name);
    const text = schema.description ?? (path in roots && path !== "Prediction" ? RESULTS.replace("%s", `\`${path}\``) : undefined);
    return [name, schema, text];
  });

  function type(schema, depth, isDeclaration = false) {
    if (schema.$ref) return schema.$ref.split("/").at(-1);
    const types = [schema.type].flat();
    const isNull = types.includes("null") && !isDeclaration ? " | null" : "";
    const name = shapes.get(shape(schema));
    if (name && !isDeclaration) return name + isNull;
    if (schema.enum) return union(schema.enum.filter((word) => word !== null)) + isNull;
    if ("const" in schema) return JSON.stringify(schema.const);
    if (types[0] === "array") {
      const item = type(schema.items, depth);
      return (item.includes(" ") ? `ReadonlyArray<${item}>` : `readonly ${item}[]`) + isNull;
    }
    if (types[0] === "object") return object(schema, depth) + isNull;
    return types.map((one) => (one === "integer" ? "number" : one)).join(" | ");
  }

  function object({ properties, required = [] }, depth) {
    if (!properties) return "{ readonly [name: string]: unknown }";
    const indent = "  ".repeat(depth + 1);
    const members = Object.entries(properties).map(([name, schema]) => {
      const mark = required.includes(name) ? "" : "?";
      return `${comment(schema.description, indent)}${indent}readonly ${name}${mark}: ${type(schema, depth + 1)};\n`;
    });
    return `{\n${members.join("")}${"  ".repeat(depth)}}`;
  }

  const parts = declarations.map(([name, schema, text]) => {
    const body = type(schema, 0, true);
    return comment(text) + (schema.enum ? `export type ${name} =${folded(body)};\n` : `export interface ${name} ${body}\n`);
  });
  const errors = union(Object.keys(components.errors));
  parts.push(`${comment("The `type` of an error of a call.")}export type ErrorType =${folded(errors)};\n`);
  return `// Rendered from schemas/openrpc.json by render-types.mjs (\`make schemas\`).\n\n${parts.join("\n")}`;
}

/** The schema at a path like `Prediction.files[].kind`. */
function find(roots, path) {
  const [root, ...names] = path.split(".");
  return names.reduce((schema, name) => {
    const property = schema?.properties?.[name.replace("[]", "")];
    return name.endsWith("[]") ? property?.items : property;
  }, roots[root]) ?? missing(path);
}

function missing(path) {
  throw new Error(`The schema has no ${path} any more: change NAMES.`);
}

/** What makes two schemas the same type. */
const shape = ({ enum: words, properties, required }) =>
  words ? JSON.stringify(words.filter((word) => word !== null)) : properties && JSON.stringify([properties, required]);

const union = (words) => words.map((word) => JSON.stringify(word)).join(" | ");

/** A doc comment; nothing where there is no text. */
function comment(text, indent = "") {
  if (!text) return "";
  const line = `${indent}/** ${text} */\n`;
  return line.length <= WIDTH ? line : `${indent}/**\n${wrapped(text, `${indent} * `)}${indent} */\n`;
}

function wrapped(text, start) {
  const lines = [[]];
  for (const word of text.split(" ")) {
    if ([start, ...lines.at(-1), word].join(" ").length > WIDTH) lines.push([]);
    lines.at(-1).push(word);
  }
  return lines.map((words) => `${start}${words.join(" ")}\n`).join("");
}

/** The words of a union, on a line of their own where they are many. */
const folded = (union) => (union.length < 100 ? ` ${union}` : `\n${wrapped(`| ${union}`, "  ").trimEnd()}`);

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const document = JSON.parse(readFileSync(new URL("../../schemas/openrpc.json", import.meta.url), "utf8"));
  writeFileSync(new URL("src/schema.d.ts", import.meta.url), render(document));
}
