/**
 * Image generation through one local process.
 *
 *     import { generate, pathOf } from "imagewire";
 *
 *     console.log(pathOf(await generate("a red fox in snow")));
 */
import { Client } from "./client.js";

export { Client };
export { file } from "./files.js";
export { isDone, pathOf, reference } from "./prediction.js";
export * from "./errors.js";

/** The client of the functions below: its process starts with the first call and ends with this program. */
const shared = new Client();

export const generate = (prompt, options) => shared.generate(prompt, options);
export const submit = (prompt, options) => shared.submit(prompt, options);
export const map = (prompts, options) => shared.map(prompts, options);
