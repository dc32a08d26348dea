/** Numbers, dates and clock times as people read them, and where ticks fall. Pure functions. */
(() => {
  "use strict";
  const board = (window.stageboard = window.stageboard || {});
  const MINUTE = 6e4;
  const DAY = 864e5;
  const DATE_STEPS = [1e3, 5e3, 15e3, 30e3, MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, 36e5, 3 * 36e5, 6 * 36e5, 12 * 36e5, DAY, 2 * DAY, 7 * DAY, 14 * DAY];
  const MONTH_STEPS = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200];
  const CLOCK_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 180, 240, 360];
  const DEGREE_STEPS = [1 / 60, 1 / 30, 1 / 12, 1 / 6, 0.25, 0.5, 1, 2, 5, 10, 15, 30, 45, 60, 90];
  const BIG = [[1e12, "T"], [1e9, "B"], [1e6, "M"]];

  const decimals = (step) => Math.max(0, Math.min(12, Math.ceil(-Math.log10(step) - 1e-9)));
  const fixed = (value, digits) => value.toLocaleString("en-GB", { minimumFractionDigits: digits, maximumFractionDigits: digits }).replace(/^-(?=[0.,]*$)/, "").replace("-", "−");

  /** A number to about four digits; millions and more by letter. */
  function short(value) {
    if (!Number.isFinite(value)) return "–";
    const size = Math.abs(value);
    for (const [unit, letter] of BIG) if (size >= unit) return `${fixed(value / unit, size >= 100 * unit ? 0 : size >= 10 * unit ? 1 : 2)} ${letter}`;
    if (Number.isInteger(value) || size >= 1000) return fixed(value, 0);
    if (size < 1e-3) return value.toExponential(2).replaceAll("-", "−");
    return value.toLocaleString("en-GB", { maximumSignificantDigits: 3 }).replace("-", "−");
  }

  /** A number in full: whole where it is whole. */
  const full = (value) => (Number.isInteger(value) ? fixed(value, 0) : fixed(value, Math.abs(value) >= 1000 ? 1 : Math.abs(value) >= 1 ? 3 : 6));

  /** A value of a number or time field. */
  const fieldValue = (value, kind) => (kind === "time" ? date(value, 1e3) : full(value));

  /** A time in ms since 1970, UTC, no finer than the step that it stands on. */
  function date(value, step) {
    const moment = new Date(value);
    if (Number.isNaN(moment.getTime())) return "–";
    const text = moment.toISOString();
    if (step >= 300 * DAY) return text.slice(0, 4);
    if (step >= 27 * DAY) return moment.toLocaleDateString("en-GB", { timeZone: "UTC", month: "short", year: "numeric" });
    if (step >= DAY) return moment.toLocaleDateString("en-GB", { timeZone: "UTC", day: "numeric", month: "short", year: "numeric" });
    return `${text.slice(0, 10)} ${text.slice(11, step >= MINUTE ? 16 : 19)}`;
  }

  /** Minutes of the day as hh:mm. */
  function clock(value) {
    const minutes = Math.round(value);
    return `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(((minutes % 60) + 60) % 60).padStart(2, "0")}`;
  }

  /** A coordinate of an axis, to the resolution of a pixel. */
  function coordinate(value, kind, resolution) {
    if (kind === "date") return date(value, resolution);
    if (kind === "clock") return clock(value);
    return fixed(value, decimals(resolution)) + (kind === "degrees" ? "°" : "");
  }

  /** The least of ascending steps that leaves at most so many ticks. */
  const stepFor = (steps, span, most) => steps.find((step) => span / step <= most);

  function numberStep(span, most) {
    const rough = span / most;
    const unit = 10 ** Math.floor(Math.log10(rough));
    return [1, 2, 5, 10].find((part) => part * unit >= rough * 0.999) * unit;
  }

  /**
   * Ticks of an axis between two values.
   * @param {"number"|"date"|"clock"|"degrees"} kind
   * @param {number} low
   * @param {number} high
   * @param {number} most how many there may be
   * @returns {{value: number, label: string}[]}
   */
  function ticks(kind, low, high, most) {
    const span = high - low;
    if (!(span > 0)) return [];
    if (kind === "date") return dateTicks(low, high, most);
    let step = numberStep(span, most);
    if (kind === "clock") step = stepFor(CLOCK_STEPS, span, most) || Math.ceil(span / most / 360) * 360;
    if (kind === "degrees" && span > 0.1) step = stepFor(DEGREE_STEPS, span, most) || 90;
    const found = [];
    for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9 && found.length < 100; i++) {
      found.push({ value: i * step, label: tickLabel(kind, i * step, step) });
    }
    return found;
  }

  function tickLabel(kind, value, step) {
    if (kind === "clock") return step >= 1 ? clock(value) : `${fixed(value, decimals(step))} min`;
    const text = step >= 1e5 ? short(value) : fixed(value, decimals(step));
    return kind === "degrees" ? `${text}°` : text;
  }

  function dateTicks(low, high, most) {
    const step = stepFor(DATE_STEPS, high - low, most);
    const found = [];
    if (step) {
      for (let at = Math.ceil(low / step) * step; at <= high; at += step) found.push({ value: at, label: date(at, step).replace(/^\d{4}-\d\d-\d\d (?!00:00)/, "") });
      return found;
    }
    const months = MONTH_STEPS.find((one) => (high - low) / (one * 30.44 * DAY) <= most) || 1200;
    const first = new Date(low);
    const start = Math.ceil((first.getUTCFullYear() * 12 + first.getUTCMonth()) / months) * months;
    for (let at = start; found.length < 100; at += months) {
      const value = Date.UTC(Math.floor(at / 12), at % 12);
      if (value > high) break;
      if (value >= low) found.push({ value, label: date(value, months * 28 * DAY) });
    }
    return found;
  }

  /** Milliseconds, to two digits below ten. */
  const ms = (value) => `${value < 9.95 ? value.toFixed(1) : Math.round(value).toLocaleString("en-GB")} ms`;

  /** Bytes, in powers of 1000. */
  function bytes(value) {
    if (value < 1000) return `${value} B`;
    return value < 1e6 ? `${Math.round(value / 1e3)} kB` : `${(value / 1e6).toFixed(1)} MB`;
  }

  board.format = { short, full, fieldValue, date, clock, coordinate, ticks, ms, bytes, fixed };
})();
