// The options of a call, and what it sends of them.
import { distance } from "./distance.js";
import { directory, withFiles } from "./files.js";

/** The options that are parameters of `submit`, and their names in the protocol. */
const PARAMETERS = {
  model: "model", provider: "provider", idempotencyKey: "idempotency_key", tags: "tags", metadata: "metadata",
  outputDir: "output_dir", outputName: "output_name", maxCost: "max_cost", maxCostEstimates: "max_cost_estimates", upload: "upload",
};

/** The shortest name that may be a misspelt option, in letters: `mode` is a field, though near `model`. */
const SHORTEST = 5;

/** Every option of the client, by its name without capitals, underscores and hyphens. */
const OPTIONS = new Map(
  [...Object.keys(PARAMETERS), "input", "signal", "timeout", "onProgress", "concurrency", "ordered"]
    .map((name) => [plain(name), name]),
);

/**
 * The parameters of `submit`. An option that is none of the client's is a field of the input.
 *
 * @throws {TypeError} a field that `input` has too, or a name that is nearly an option of the client
 */
export async function submission(prompt, { input, ...options }) {
  const parameters = {};
  const fields = {};
  for (const [name, value] of Object.entries(options)) {
    if (Object.hasOwn(PARAMETERS, name)) parameters[PARAMETERS[name]] = value;
    else if (value !== undefined) fields[fieldName(name)] = value;
  }
  for (const name of Object.keys(fields)) {
    if (input?.[name] !== undefined || (name === "prompt" && prompt !== undefined)) {
      const place = name === "prompt" ? "before the options" : "in input";
      throw new TypeError(`${name} is given twice, as an option and ${place}. Nothing was sent.`);
    }
  }
  const { tags, output_dir } = parameters;
  if (output_dir) parameters.output_dir = directory(output_dir);
  if (tags) parameters.tags = typeof tags === "string" ? [tags] : [...tags];
  const all = Object.keys(fields).length > 0 ? { ...input, ...fields } : input;
  // The program refuses an input that is no object.
  const sent = typeof all === "object" && all !== null ? await withFiles(all, parameters.upload) : { input: all };
  return { prompt, ...parameters, ...sent };
}

/** The name of a field that was given as an option: in lower case, and no misspelt option of the client. */
function fieldName(name) {
  const meant = OPTIONS.get(plain(name)) ?? limitIn(plain(name)) ?? nearest(plain(name));
  if (meant === undefined && name === name.toLowerCase()) return name;
  const hint = meant === undefined ? "" : meant === name ? " here" : `; ${meant} is one`;
  throw new TypeError(`${name} is no option${hint}. Nothing was sent. A field of the model with this name goes into input: { … }.`);
}

/** The limit that a name speaks of: as a field of the input it would limit nothing. */
function limitIn(word) {
  if (/cost|spend|price|budget|usd/.test(word)) return "maxCost";
  return /timeout|timelimit/.test(word) ? "timeout" : undefined;
}

/** The option that a name misspells: by two letters, or by one where the option is short and fields are near it: `sigmas`. */
function nearest(word) {
  if (word.length < SHORTEST) return undefined;
  const near = [...OPTIONS]
    .map(([plainOption, option]) => ({ option, away: distance(word, plainOption), most: plainOption.length < 7 ? 1 : 2 }))
    .filter(({ away, most }) => away <= most)
    .sort((one, other) => one.away - other.away);
  return near[0]?.option;
}

function plain(name) {
  return name.replace(/[_-]/g, "").toLowerCase();
}
