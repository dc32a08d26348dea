/**
 * Where ticks stand, and what is written at them. A tick stands exactly at what its text names: its value is read from
 * the decimal that is written. Pure functions.
 */
(() => {
  "use strict";
  const board = (window.stageboard = window.stageboard || {});
  const [SECOND, MINUTE, HOUR, DAY] = [1e3, 6e4, 36e5, 864e5];
  const DATE_STEPS = [
    ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
    ...[1, 2, 5, 10, 15, 30].map((one) => one * SECOND),
    ...[1, 2, 5, 10, 15, 30].map((one) => one * MINUTE),
    ...[1, 2, 3, 6, 12].map((one) => one * HOUR),
    ...[1, 2, 7, 14].map((one) => one * DAY),
  ];
  /** Years have twelve, and are taken by one, two, five and their tens. */
  const MONTH_STEPS = [1, 2, 3, 6];
  const MONTH = 30.44 * DAY;
  const DEGREES = [[1, -1], [2, -1], [25, -2], [5, -1], [1, 0], [2, 0], [5, 0], [10, 0], [15, 0], [30, 0], [45, 0], [60, 0], [90, 0]];
  /** Steps in seconds, of which a day has 86,400. */
  const CLOCK = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 14400, 21600];
  /** Steps finer than this share of the values' size would not tell float64 apart. */
  const FINEST = 2 ** -50;
  const MOST = 100;

  /** The least step of 1, 2 or 5 times a power of ten, as [1, 2 or 5, power], that is not below a size. */
  function niceStep(size) {
    let power = Math.floor(Math.log10(size)) - 1;
    for (;;) {
      const part = [1, 2, 5].find((one) => Number(`${one}e${power}`) >= size * 0.999);
      if (part) return [part, power];
      power++;
    }
  }

  const sizeOf = ([part, power]) => Number(`${part}e${power}`);

  /** The least of ascending steps that leaves at most so many ticks. */
  const stepFor = (steps, span, most) => steps.find((step) => span / step <= most * 1.001);

  function degreeStep(size) {
    if (size < 0.05) return niceStep(size);
    return DEGREES.find((step) => sizeOf(step) >= size * 0.999) ?? [90 * Math.ceil(size / 90), 0];
  }

  /** The multiples of a step between two values, as decimals that all end at the same place. */
  function multiples([part, power], low, high) {
    const step = sizeOf([part, power]);
    const found = [];
    const last = Math.floor(high / step) + 1;
    for (let i = Math.ceil(low / step) - 1; i <= last && found.length < MOST; i++) {
      const one = { sign: i < 0 ? "−" : "", digits: String(Math.abs(i * part)), exponent: power };
      const value = board.format.valueOf(one);
      if (value >= low && value <= high && value !== found.at(-1)?.value) found.push({ value, one });
    }
    return found;
  }

  function numberTicks(kind, low, high, most) {
    // Halves, lest the difference be beyond all numbers.
    const size = Math.max((high / 2 - low / 2) / (most / 2), FINEST * Math.max(Math.abs(low), Math.abs(high)), Number.MIN_VALUE * 100);
    const found = multiples(kind === "degrees" ? degreeStep(size) : niceStep(size), low, high);
    const texts = board.format.texts(found.map(({ one }) => one), true);
    return found.map(({ value }, i) => ({ value, label: kind === "degrees" ? `${texts[i]}°` : texts[i] }));
  }

  /** Ticks of an axis of minutes of the day. */
  function clockTicks(low, high, most) {
    const [from, to] = [Math.max(low, 0) * 60, high * 60];
    if (!(to > from)) return [];
    const size = (to - from) / most;
    const step = size < 0.999 ? niceStep(size) : [stepFor(CLOCK, to - from, most) ?? 21600 * Math.ceil(size / 21600), 0];
    return multiples(step, from, to).map(({ value }) => ({ value: value / 60, label: board.format.clock(value / 60, sizeOf(step) / 60) }));
  }

  function dateTicks(low, high, most) {
    const step = stepFor(DATE_STEPS, high - low, most);
    if (!step) return monthTicks(low, high, most);
    const found = [];
    const span = step >= 7 * DAY ? 4 * DAY : 0; // weeks begin on a Monday: 1970 began on a Thursday
    for (let at = Math.ceil((low - span) / step) * step + span; at <= high && found.length < MOST; at += step) found.push(at);
    return labelled(found.filter((at) => !Number.isNaN(new Date(at).getTime())), step);
  }

  /** After the first tick, which says the day, times of day; where these are of more than one day, with theirs. */
  function labelled(moments, step) {
    const { date, time, dayTime } = board.format;
    const next = Math.floor(moments.at(-1) / DAY) === Math.floor(moments[0] / DAY) ? time : dayTime;
    return moments.map((value, i) => ({ value, label: step >= DAY || i === 0 ? date(value, step) : next(value, step) }));
  }

  function monthTicks(low, high, most) {
    const size = (high - low) / MONTH / most;
    const months = MONTH_STEPS.find((one) => one >= size * 0.999) ?? 12 * sizeOf(niceStep(Math.max(size / 12, 1)));
    const first = new Date(Math.max(low, -864e13));
    const found = [];
    for (let at = Math.ceil((first.getUTCFullYear() * 12 + first.getUTCMonth()) / months) * months; found.length < MOST; at += months) {
      // Of years below 100, `Date.UTC` would make those of another century.
      const value = new Date(0).setUTCFullYear(Math.floor(at / 12), ((at % 12) + 12) % 12, 1);
      if (!(value <= high)) break;
      if (value >= low) found.push({ value, label: board.format.date(value, months * 28 * DAY) });
    }
    return found;
  }

  /**
   * Ticks of an axis between two values.
   * @param {"number"|"date"|"clock"|"degrees"} kind
   * @param {number} low
   * @param {number} high
   * @param {number} most how many there may be, about
   * @returns {{value: number, label: string}[]} no two with one label
   */
  function ticks(kind, low, high, most) {
    if (!(high > low) || !Number.isFinite(low) || !Number.isFinite(high)) return [];
    if (kind === "date") return dateTicks(low, high, most);
    return kind === "clock" ? clockTicks(low, high, most) : numberTicks(kind, low, high, most);
  }

  /** A coordinate of an axis, to the resolution of a pixel. */
  function coordinate(value, kind, pixel) {
    if (kind === "date") return board.format.date(value, pixel);
    if (kind === "clock") return board.format.clock(value, pixel);
    const place = Math.floor(Math.log10(pixel) + 1e-9);
    // Below a million there is no letter that would tell zeros from digits.
    const text = board.format.texts([board.format.rounded(value, Math.abs(value) < 1e6 ? Math.min(place, 0) : place)])[0];
    return kind === "degrees" ? `${text}°` : text;
  }

  board.format = Object.assign(board.format || {}, { ticks, coordinate });
})();
