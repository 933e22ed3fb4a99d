/**
 * Image generation through one local process.
 *
 *     import { Client } from "imagewire";
 *
 *     const client = new Client();
 *     console.log((await client.generate("a red fox in snow")).files[0].path);
 *     await client.close();
 */

export { Client } from "./client.js";
export { file } from "./files.js";
export { isDone, pathOf, reference } from "./prediction.js";
export * from "./errors.js";
