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

/** The client of `generate`: its process starts with the first call and ends with this program. */
const shared = new Client();

/** `Client.generate` without a client. */
export const generate = (prompt, options) => shared.generate(prompt, options);
