/** Moments and times of day as people read them, no finer than asked for. Moments are ms since 1970, UTC. Pure functions. */
(() => {
  "use strict";
  const board = (window.stageboard = window.stageboard || {});
  const [SECOND, MINUTE, DAY] = [1e3, 6e4, 864e5];
  const [MONTH, YEAR] = [27 * DAY, 300 * DAY];
  const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  const two = (value) => String(value).padStart(2, "0");

  /** A year as ISO 8601 has it: of four digits at least, and 0 before 1. */
  const year = (value) => `${value < 0 ? "−" : ""}${String(Math.abs(value)).padStart(4, "0")}`;

  /** The time of day of a moment, to the minute, the second, or parts of one. */
  function time(value, step) {
    const at = new Date(value);
    const minutes = `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`;
    if (step >= MINUTE) return minutes;
    const seconds = `${minutes}:${two(at.getUTCSeconds())}`;
    if (step >= SECOND) return seconds;
    const thousandths = String(at.getUTCMilliseconds()).padStart(3, "0");
    return `${seconds}.${thousandths}${step < 1 ? String(Math.floor((value - Math.floor(value)) * 1e3)).padStart(3, "0") : ""}`;
  }

  /** A time of day after its day of the year. */
  function dayTime(value, step) {
    const at = new Date(value);
    return `${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]} ${time(value, step)}`;
  }

  /** A moment, no finer than the step that it stands on; what is finer is left out. */
  function date(value, step) {
    const at = new Date(Math.floor(value));
    if (Number.isNaN(at.getTime())) return "–";
    const [years, month, day] = [year(at.getUTCFullYear()), at.getUTCMonth(), at.getUTCDate()];
    if (step >= YEAR) return years;
    if (step >= MONTH) return `${MONTHS[month]} ${years}`;
    if (step >= DAY) return `${day} ${MONTHS[month]} ${years}`;
    return `${years}-${two(month + 1)}-${two(day)} ${time(value, step)}`;
  }

  /** A moment to the resolution that it has itself: seconds, or as fine as it needs. */
  function moment(value) {
    if (board.format.named(value)) return board.format.named(value);
    const fine = Math.round(value * 1e3) / 1e3;
    return date(fine, fine % SECOND === 0 ? SECOND : Number.isInteger(fine) ? 1 : 1e-3);
  }

  /**
   * Minutes of the day as hh:mm, and seconds where the step is finer. Before midnight is the day before; after the next
   * midnight they count on, as timetables do.
   */
  function clock(value, step = 1) {
    const place = step >= 1 / 60 ? 0 : Math.floor(Math.log10(step * 60) + 1e-9);
    const per = step >= 1 ? 1 : 60 * 10 ** -place;
    const day = 1440 * per;
    const units = Math.round(value * per);
    const counted = units < 0 ? ((units % day) + day) % day : units;
    const minutes = Math.floor(counted / per);
    const text = `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
    if (step >= 1) return text;
    const seconds = board.format.fixed((counted - minutes * per) * 10 ** place, -place);
    return `${text}:${/^\d(\D|$)/.test(seconds) ? "0" : ""}${seconds}`;
  }

  board.format = Object.assign(board.format || {}, { date, time, dayTime, moment, clock });
})();
