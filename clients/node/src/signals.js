/** Why a signal was aborted; it may have no reason of its own. */
export const reasonOf = (signal) => signal.reason ?? new DOMException("This operation was aborted", "AbortError");

/** The same promise, but rejected as soon as the signal is aborted. */
export function unlessAborted(promise, signal) {
  if (!signal) return promise;
  let abort;
  const aborted = new Promise((_, reject) => {
    abort = () => reject(reasonOf(signal));
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted) abort();
  });
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener("abort", abort));
}
