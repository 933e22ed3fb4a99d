/** Base class of all errors of this package, except `AbortError`, `TypeError` and `RangeError`. */
export class ImagewireError extends Error {
  constructor(message, options) {
    super(message, options);
    this.name = new.target.name;
  }

  /** All of it as plain data: a structured clone of an error keeps only its message. `fromJSON` makes the error of it again. */
  toJSON() {
    const { name, message, stack } = this;
    return { ...this, name, message, stack };
  }

  static fromJSON({ name, message, ...fields }) {
    const error = new ImagewireError(message);
    Object.setPrototypeOf(error, (CLASSES[name] ?? ImagewireError).prototype);
    return Object.assign(error, { name, ...fields });
  }
}

/** The program could not be started (`not_found`, `too_old`, `start_failed`), or ended (`connection_lost`). */
export class ProcessError extends ImagewireError {
  constructor(type, message, options) {
    super(message, options);
    this.type = type;
  }
}

/** A call was refused, and no prediction was made by it. */
export class CallError extends ImagewireError {
  constructor({ code, message, data }) {
    super(data?.hint ? `${message} ${data.hint}` : message);
    this.code = code;
    this.data = data ?? {};
    /** `invalid_params`, `provider_not_configured`, … */
    this.type = data?.type;
    /** Whether the same call may succeed later. */
    this.retryable = data?.retryable === true;
    /** The member that cannot be used. */
    this.path = data?.path;
    /** What to do next. */
    this.hint = data?.hint;
  }
}

/** A prediction did not bring an image. `prediction.billing` says whether it cost money. */
export class PredictionFailed extends ImagewireError {
  constructor(prediction) {
    const { failure } = prediction;
    const text = failure?.message || prediction.error || whyNoOutput(prediction);
    super(failure?.hint ? `${text} ${failure.hint}` : text);
    this.prediction = prediction;
    /** `content_refused`, `insufficient_credit`, … */
    this.type = failure?.type ?? prediction.status;
    /** Whether a new submit would make sense. */
    this.retryable = failure?.retryable === true;
  }
}

/** Why there is no output, where the prediction itself does not say it. */
function whyNoOutput({ id, status }) {
  if (status === "created" || status === "processing") return `Prediction ${id} is still ${status}: wait for it.`;
  return status === "completed" ? `Prediction ${id} has no file.` : `Prediction ${id} is ${status}.`;
}

/** The time was up before the prediction was finished. It goes on: `client.result(error.prediction.id)` waits again. */
export class WaitTimeout extends ImagewireError {
  constructor(prediction, timeout) {
    super(`Prediction ${prediction.id} is still ${prediction.status} after ${timeout} ms. It goes on; result() waits again.`);
    this.prediction = prediction;
  }
}

const CLASSES = { ProcessError, CallError, PredictionFailed, WaitTimeout };
