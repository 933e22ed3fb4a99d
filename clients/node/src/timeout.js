/**
 * A time limit in milliseconds: `Infinity` where there is none.
 *
 * @throws {TypeError} it is no number; NaN would never pass
 */
export function limitOf(timeout) {
  if (timeout === undefined || timeout === null) return Infinity;
  if (typeof timeout === "number" && !Number.isNaN(timeout)) return timeout;
  const shown = typeof timeout === "number" ? timeout : `of the type ${typeof timeout}`;
  throw new TypeError(`timeout is ${shown}; it is a number of milliseconds. Nothing was sent.`);
}
