import { PredictionFailed } from "./errors.js";

const TERMINAL = new Set(["completed", "failed", "cancelled", "unknown"]);

/** Whether there is nothing more to wait for. */
export const isDone = (prediction) => TERMINAL.has(prediction.status);

/** A name for one of its outputs, for the input of another prediction. */
export const reference = ({ id }, output = 1) => `imagewire://predictions/${id}/${output}`;

/** The path of its first saved output. */
export function pathOf(prediction) {
  const [file] = prediction.files;
  if (file === undefined) throw new PredictionFailed(prediction);
  return file.path;
}
