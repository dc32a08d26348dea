/**
 * Numbers as people read them. A number is first a decimal, exact as its text will be: {sign, digits, exponent} stands
 * for digits times ten to the exponent. Then it is written in the shortest of three ways: in full, by letter, or with an
 * exponent. Pure functions.
 */
(() => {
  "use strict";
  const board = (window.stageboard = window.stageboard || {});
  const LETTERS = [[12, "T"], [9, "B"], [6, "M"]];
  /** From ten to this power on, and below ten to that, numbers have an exponent. */
  const [HUGE, TINY] = [15, -4];
  /** Digits that tell all float64 apart, that any of them keeps through arithmetic, and that float32 keeps when it is read. */
  const [EVERY, SURE, SINGLE] = [17, 12, 6];
  /** What float32 loses at the most: a share, or half of its least. */
  const [HALF_DIGIT, HALF_LEAST] = [2 ** -24, 2 ** -150];
  /** Numbers in one notation differ by a factor of a thousand at the most; others each have their own. */
  const ALIKE = 2;

  /** The decimal that a plain or exponential text of a number names. */
  function decimal(text) {
    const [, sign, whole, part = "", power = "0"] = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/.exec(text);
    const digits = (whole + part).replace(/^0+(?=\d)/, "");
    return { sign: sign && digits !== "0" ? "−" : "", digits, exponent: Number(power) - part.length };
  }

  const isZero = ({ digits }) => /^0*$/.test(digits);
  /** The power of ten of a decimal's first digit. */
  const magnitude = ({ digits, exponent }) => digits.length - 1 + exponent;
  const valueOf = ({ sign, digits, exponent }) => Number(`${sign && "-"}${digits}e${exponent}`);
  const powerOf = (value) => Number(value.toExponential().split("e")[1]);

  /** Without the zeros at its end. */
  function trimmed(one) {
    if (isZero(one)) return { sign: "", digits: "0", exponent: 0 };
    const digits = one.digits.replace(/0+$/, "");
    return { ...one, digits, exponent: one.exponent + one.digits.length - digits.length };
  }

  /** The decimal nearest to a value, with so many digits. */
  const significant = (value, count) => decimal(value.toExponential(Math.max(1, Math.min(count, EVERY)) - 1));

  /** The decimal nearest to a value whose last digit stands at ten to the power of `place`. */
  function rounded(value, place) {
    const count = value === 0 ? 0 : powerOf(value) - place + 1;
    if (count <= 0) return { sign: value < 0 && roundsUp(value, place) ? "−" : "", digits: roundsUp(value, place) ? "1" : "0", exponent: place };
    const found = significant(value, count);
    return { ...found, digits: found.digits + "0".repeat(found.exponent - place), exponent: place };
  }

  /** Whether a value below a place is nearer to one there than to none. */
  const roundsUp = (value, place) => Math.abs(value) >= Number(`5e${place - 1}`);

  /** The shortest decimal that gives the value back; `single`: that gives it back as float32. */
  function shortest(value, single = false) {
    for (let count = 1; single && count <= 9; count++) {
      const found = significant(value, count);
      if (Math.fround(valueOf(found)) === value) return trimmed(found);
    }
    return trimmed(decimal(value.toExponential()));
  }

  /** In full, thousands apart. */
  function plain({ sign, digits, exponent }) {
    const zeros = isZero({ digits }) ? 0 : Math.max(exponent, 0);
    const all = digits.padStart(1 - exponent, "0") + "0".repeat(zeros);
    const whole = all.length + Math.min(exponent, 0);
    return sign + all.slice(0, whole).replace(/\B(?=(\d{3})+$)/g, ",") + (exponent < 0 ? `.${all.slice(whole)}` : "");
  }

  /** The power of ten whose letter, or whose place before the point, a value is written by; any where it has an exponent. */
  function unitOf(value) {
    const power = value === 0 ? 0 : powerOf(value);
    if (power >= HUGE) return Infinity;
    return LETTERS.find(([one]) => power >= one)?.[0] ?? 0;
  }

  const lettered = (one, [power, letter]) => (isZero(one) ? "0" : `${plain({ ...one, exponent: one.exponent - power })} ${letter}`);

  function exponential(one) {
    if (isZero(one)) return "0";
    const power = magnitude(one);
    return `${one.sign}${one.digits[0]}${one.digits.length > 1 ? `.${one.digits.slice(1)}` : ""}e${power < 0 ? "−" : ""}${Math.abs(power)}`;
  }

  /** The ways to write decimals whose greatest begins at that power of ten. */
  function notations(most) {
    if (most >= HUGE || most < TINY) return [exponential];
    const letter = LETTERS.find(([power]) => most >= power);
    return letter ? [plain, (one) => lettered(one, letter)] : [plain];
  }

  /** All in one notation, the one whose longest text is the shortest; by letter where their last digits are not known to be zeros. */
  function inOne(decimals, most) {
    const ways = notations(most).map((write) => decimals.map(write));
    const longest = (texts) => Math.max(...texts.map((text) => text.length));
    const open = decimals.some((one) => one.exponent > 0 && !isZero(one));
    return ways.reduce((best, next) => (longest(next) < longest(best) || (open && longest(next) === longest(best)) ? next : best));
  }

  /**
   * The texts of some decimals that are read together.
   * @param {object[]} decimals
   * @param {boolean} together whether all have one notation, be they ever so different
   * @returns {string[]}
   */
  function texts(decimals, together = false) {
    const sizes = decimals.filter((one) => !isZero(one)).map(magnitude);
    if (!sizes.length) return decimals.map(() => "0");
    const most = Math.max(...sizes);
    if (together || most - Math.min(...sizes) <= ALIKE) return inOne(decimals, most);
    return decimals.map((one) => (isZero(one) ? "0" : inOne([one], magnitude(one))[0]));
  }

  const text = (one) => texts([one])[0];

  /** What stands for a value without digits; undefined where it has some. */
  const named = (value) => (Number.isNaN(value) ? "–" : Number.isFinite(value) ? undefined : `${value < 0 ? "−" : ""}∞`);

  /** A value with so many decimals, thousands apart. */
  const fixed = (value, digits) => named(value) ?? plain(rounded(value, -digits));

  /** A number to about three digits; millions and more by letter. */
  function short(value) {
    if (named(value)) return named(value);
    if (value === 0) return "0";
    const power = powerOf(value);
    const whole = Number.isInteger(value) && power < 6;
    return text(trimmed(whole ? rounded(value, 0) : rounded(value, power < 6 ? Math.min(power - 2, 0) : power - 2)));
  }

  const isWhole = (value) => Number.isInteger(value) && Math.abs(value) <= Number.MAX_SAFE_INTEGER;

  /** A number in full: with all digits where it is whole, else with those that give it back. */
  const full = (value) => named(value) ?? (isWhole(value) ? plain(rounded(value, 0)) : text(shortest(value)));

  /**
   * An exact aggregate: what is whole in full, one of the field's own values with the digits that its type has, and what
   * was computed with no more than arithmetic leaves true.
   * @param {number} value
   * @param {boolean} own whether it is a value of the field itself
   * @param {number} sure the digits of what was computed that are true
   */
  function exact(value, own, sure = SURE) {
    if (named(value) || isWhole(value)) return full(value);
    // Of a field of float32, the shortest text in float64 has digits that nobody wrote.
    return text(own ? shortest(value, Math.fround(value) === value) : trimmed(significant(value, sure)));
  }

  /** A value that was rounded to float32: the digits that are certain. */
  function certain(value) {
    if (named(value) || value === 0) return full(value);
    const off = Math.max(Math.abs(value) * HALF_DIGIT, HALF_LEAST);
    const same = (count) => valueOf(significant(value - off, count)) === valueOf(significant(value + off, count));
    const count = Array.from({ length: SINGLE }, (_, i) => SINGLE - i).find(same) ?? 1;
    const found = significant(value, count);
    const size = magnitude(found);
    // Zeros in the place of unknown digits would be taken for digits.
    return found.exponent > 0 && size < HUGE ? lettered(trimmed(found), LETTERS.find(([power]) => size >= power) ?? LETTERS.at(-1)) : text(trimmed(found));
  }

  /** Milliseconds, to two digits below ten. */
  const ms = (value) => `${value < 9.95 ? value.toFixed(1) : Math.round(value).toLocaleString("en-GB")} ms`;

  /** Bytes, in powers of 1000. */
  function bytes(value) {
    if (value < 1000) return `${value} B`;
    return value < 1e6 ? `${Math.round(value / 1e3)} kB` : `${(value / 1e6).toFixed(1)} MB`;
  }

  board.format = Object.assign(board.format || {}, { unitOf, decimal, rounded, significant, shortest, trimmed, valueOf, texts, named, fixed, short, full, exact, certain, ms, bytes });
})();
