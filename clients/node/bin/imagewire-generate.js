#!/usr/bin/env node
// imagewire-generate "a red fox": a progress line on stderr, the paths of the saved files on stdout.
import { parseArgs } from "node:util";
import { Client, ImagewireError, PredictionFailed } from "../src/index.js";

const USAGE = `usage: imagewire-generate [options] PROMPT

Makes an image, or what the model makes, and prints its path.

  --model NAME, --provider NAME
  --output-dir DIR, --output-name NAME
  --timeout SECONDS    how long to wait; the prediction goes on after that
  --binary PATH        the program imagewire, where it is not on the path`;

/** As the program's own `imagewire generate` has them. */
const EXIT_CODES = { cancelled: 3, unknown: 4 };

function read() {
  const string = { type: "string" };
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        model: string, provider: string, "output-dir": string, "output-name": string, timeout: string, binary: string,
        help: { type: "boolean", short: "h" },
      },
    });
    if (values.help) {
      console.log(USAGE);
      process.exit(0);
    }
    if (positionals.length === 1 && !Number.isNaN(Number(values.timeout ?? 0))) return { ...values, prompt: positionals[0] };
    console.error(USAGE);
  } catch (error) {
    console.error(`${error.message}\n\n${USAGE}`);
  }
  process.exit(2);
}

const options = read();
const begun = Date.now();
const write = (text) => process.stderr.isTTY && process.stderr.write(`\r\x1b[K${text}`);
const controller = new AbortController();
process.once("SIGINT", () => controller.abort());
const client = new Client({ binary: options.binary, provider: options.provider, onLog: (line) => console.error(line) });
try {
  const { files } = await client.generate(options.prompt, {
    model: options.model,
    outputDir: options["output-dir"],
    outputName: options["output-name"],
    timeout: options.timeout ? Number(options.timeout) * 1_000 : undefined,
    signal: controller.signal,
    onProgress: ({ provider, model, status }) =>
      write(`${provider} ${model}: ${status}, ${Math.floor((Date.now() - begun) / 1_000)} s`),
  });
  write("");
  for (const { path } of files) console.log(path);
} catch (error) {
  write("");
  if (controller.signal.aborted) {
    console.error("Cancelled.");
    process.exitCode = 3;
  } else if (error instanceof ImagewireError) {
    // One of several outputs may be missing; the others are paid for.
    for (const { path } of error.prediction?.files ?? []) console.log(path);
    console.error(error.message);
    process.exitCode = error instanceof PredictionFailed ? (EXIT_CODES[error.prediction.status] ?? 1) : 1;
  } else {
    throw error;
  }
} finally {
  await client.close();
}
