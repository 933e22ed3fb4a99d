"use strict";

// The words for images in progress. The share and the time left are estimates from earlier predictions of the model.

/** A time in milliseconds, such as `12 s` or `3 min`. */
function duration(milliseconds) {
  const seconds = Math.max(1, Math.ceil(milliseconds / 1000));
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3_600)} h`;
}

/** For one image: its share and the time left, or the message where nothing is expected. */
function words({ progress, eta_ms }, message) {
  if (progress === undefined) return message;
  const left = Number.isFinite(eta_ms) ? `about ${duration(eta_ms)} left` : "longer than usual";
  return `${percent(progress)}% · ${left}`;
}

const percent = (progress) => Math.floor(progress * 100);

/** For the status bar, from objects with `words` and `eta_ms`: one image by its words, several by their number and the next. */
function line(works) {
  if (works.length === 1) return `imagewire: ${works[0].words}`;
  const known = works.map(({ eta_ms }) => eta_ms).filter(Number.isFinite);
  const rest = known.length > 0 ? `· next in about ${duration(Math.min(...known))}` : "in progress";
  return `imagewire: ${works.length} images ${rest}`;
}

module.exports = { line, percent, words };
