const TERMINAL = new Set(["completed", "failed", "cancelled", "unknown"]);

/** Whether there is nothing more to wait for. */
export const isDone = (prediction) => TERMINAL.has(prediction.status);
