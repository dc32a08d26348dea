/** What the colours mean, in true numbers: the colour bar, the categories, and the range under its slider. */
(() => {
  "use strict";
  const board = (window.stageboard = window.stageboard || {});
  /** Wanted places of ticks between the ends; those in the middle give way to none. */
  const INNER = [0.5, 0.25, 0.75];
  const GAP = 0.14;
  /** What a text may differ from its place: as a share of the bar where it is to be exact, and where it may move. */
  const [FINE, LOOSE] = [0.01, 0.06];
  const SMOOTH = ["linear", "log", "cbrt"];
  /** Pixels: the bar's usual width, and a digit's. */
  const [BAR, LETTER] = [320, 7];
  const WORDS = { min: "minimum", max: "maximum", var: "variance of", std: "standard deviation of" };
  /** What moments are rounded to, ms. */
  const STEPS = [864e5, 6e4, 1e3, 1];
  /** A moment rounded to the nearest minute, second or ms; to the day in which it lies, unless the next is a minute away. */
  function roundedTo(value, step) {
    const nearest = Math.round(value / step) * step;
    return step === STEPS[0] && nearest - value > STEPS[1] ? nearest - step : nearest;
  }

  /** Make an element. */
  function element(tag, className, ...children) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    made.append(...children);
    return made;
  }

  /** What the values are, in words: "rows a pixel", "mean Delay, min", "variance of Delay, min²". */
  function quantity(look, field) {
    if (look.aggregate === "count" || !field) return "rows a pixel";
    if (look.aggregate === "by") return `rows a pixel by ${field.title}`;
    const unit = field.unit && look.aggregate === "var" ? squared(field.unit) : field.unit;
    return `${WORDS[look.aggregate] || look.aggregate} ${field.title}${unit ? `, ${unit}` : ""}`;
  }

  const squared = (unit) => (/^[^\s/·]+$/.test(unit) ? `${unit}²` : `(${unit})²`);

  /**
   * What a value may be rounded to, the coarsest first: decimals of ever more digits. Where the text stands for the value,
   * and not for itself, it has the digits before its point as they are, that of a letter too: rounded ones would be taken
   * for true.
   */
  function* decimals(value, round) {
    const { rounded, trimmed, significant, unitOf } = board.format;
    const unit = round ? Infinity : unitOf(value);
    if (unit === 0 && Number.isInteger(value)) yield { ...rounded(value, 0), from: value };
    for (let count = 1; count <= 17; count++) {
      const found = significant(value, count);
      yield { ...(round ? trimmed(found) : found.exponent > unit ? rounded(value, unit) : found), from: value };
    }
  }

  /** Texts of such decimals. One that was rounded for a letter, but is written in full beside the others, has all its digits. */
  function numbers(all) {
    const { texts, rounded } = board.format;
    const written = texts(all);
    const short = (one, i) => one.exponent > 0 && !one.own && /^[−\d,]+$/.test(written[i]);
    return all.some(short) ? texts(all.map((one, i) => (short(one, i) ? rounded(one.from, 0) : one))) : written;
  }

  /** The same of a moment: days, minutes, seconds, or parts of one. */
  function* moments(value) {
    for (const step of STEPS) yield { value: roundedTo(value, step), step, from: value };
    yield { value, step: STEPS.at(-1), from: value };
  }

  /** How a field's values are rounded and written: moments all to the finest that one of them needs. */
  function scriptOf(field, look) {
    if (field?.kind === "time" && look.aggregate !== "count") {
      const write = (all) => {
        const step = Math.min(...all.map((one) => one.step));
        // What is written more finely than it was rounded is rounded anew, unless it stands where it was rounded to.
        return all.map(({ value, from, own }) => board.format.date(own ? value : roundedTo(from, step), step));
      };
      return { candidates: moments, valueOf: ({ value }) => value, write };
    }
    return { candidates: decimals, valueOf: board.format.valueOf, write: numbers };
  }

  /** The first of a value's candidates that passes a test; the last, which is the value itself, where none does. */
  function firstThat(script, value, test, round = false) {
    let last = null;
    for (const one of script.candidates(value, round)) {
      last = one;
      if (test(script.valueOf(one), one)) break;
    }
    return last;
  }

  /** An end of the scale, to a hundredth of its width and of the bar, and to a few digits of its own. */
  function endOf(scale, script, value, at) {
    const width = scale.hi / 2 - scale.lo / 2;
    const own = Math.abs(value) / 400;
    const near = (one) => {
      const off = Math.abs(one / 2 - value / 2);
      return off <= FINE * width && (width > 0 || off === 0) && (off <= own || script.candidates === moments);
    };
    const clear = (one) => !(width > 0) || Math.abs(scale.position(one) - at) <= FINE;
    // What its last digit leaves open must be little beside the scale, unless the value ends there.
    const told = (one, { exponent }) => one === value || exponent === undefined || Number(`5e${exponent - 1}`) <= 0.1 * width;
    return firstThat(script, value, (one, written) => near(one) && clear(one) && told(one, written));
  }

  /**
   * A tick between the ends, near its wanted place. On a smooth scale, a round value and its own place. On one that
   * follows the data, where a place without data has no value, one of the data's with the digits that its place needs.
   */
  function between(scale, script, part) {
    const value = scale.value(part);
    const smooth = SMOOTH.includes(scale.normalization);
    const own = scale.position(value);
    const near = (one) => (smooth ? Math.abs(scale.position(one) - part) <= LOOSE : Math.abs(scale.position(one) - own) <= FINE);
    const one = firstThat(script, value, (rounded) => rounded > scale.lo && rounded < scale.hi && near(rounded), smooth);
    return { one: { ...one, own: smooth }, at: smooth ? scale.position(script.valueOf(one)) : own };
  }

  const isFinite = ({ lo, hi }) => Number.isFinite(lo) && Number.isFinite(hi);

  /** How far apart, on a bar so wide, two labels must stand that are centred, or begin or end at its ends. */
  const apart = (a, b) => (label(a) + label(b)) / BAR;
  const label = ({ text, at }) => (text.length * LETTER + 8) * (at === 0 || at === 1 ? 1 : 0.5);

  /**
   * Ticks of the colour bar, none too near another.
   * @returns {{at: number, text: string}[]} each at the place of the value that its text names
   */
  function barTicks(scale, look = {}, field = undefined) {
    if (!isFinite(scale)) return [scale.lo, scale.hi].map((value, at) => ({ at, text: board.format.short(value) }));
    const script = scriptOf(field, look);
    const first = { one: endOf(scale, script, scale.lo, 0), at: 0 };
    if (!(scale.hi > scale.lo)) return [{ at: 0, text: script.write([first.one])[0] }];
    const last = { one: endOf(scale, script, scale.hi, 1), at: 1 };
    const all = [first, ...INNER.map((part) => between(scale, script, part)), last];
    const texts = script.write(all.map(({ one }) => one));
    const ticks = all.map(({ at }, i) => ({ at, text: texts[i] }));
    const kept = [ticks[0], ticks.at(-1)];
    // Where values have both signs, zero stands before all others.
    const zero = script.candidates === decimals && scale.lo < 0 && scale.hi > 0 ? [{ at: scale.position(0), text: "0" }] : [];
    for (const tick of [...zero, ...ticks.slice(1, -1)]) {
      const clear = (other) => other.text !== tick.text && Math.abs(other.at - tick.at) >= Math.max(GAP, apart(other, tick));
      if (kept.every(clear)) kept.push(tick);
    }
    return kept.sort((a, b) => a.at - b.at);
  }

  /** The two ends, as the range under its slider has them: as on the bar, but moments without what its other ticks need. @returns {[string, string]} */
  function endTexts(scale, look, field) {
    const script = scriptOf(field, look);
    if (script.candidates === moments && isFinite(scale)) return script.write([endOf(scale, script, scale.lo, 0), endOf(scale, script, scale.hi, 1)]);
    const ticks = barTicks(scale, look, field);
    return [ticks[0].text, ticks.at(-1).text];
  }

  function colourBar(scale, look, field) {
    const bar = element("div", "legend-bar");
    const shown = scale.bar;
    bar.style.backgroundImage = shown === scale ? look.palette.css : shown.gradient(look.palette);
    const row = element("div", "legend-ticks");
    for (const { at, text } of barTicks(shown, look, field)) {
      const tick = element("span", at === 0 ? "first" : at === 1 ? "last" : "", text);
      tick.style.left = `${at * 100}%`;
      row.append(tick);
    }
    if (look.aggregate !== "count" && field?.kind !== "time" && shown.lo < 0 && shown.hi > 0) {
      const mark = element("i", "legend-zero");
      mark.style.left = `${shown.position(0) * 100}%`;
      bar.append(mark);
    }
    return [bar, row];
  }

  /** The name of a category in the data. */
  const nameOf = (field, i) => field.categories?.[i] ?? field.labels[i];

  /** The list of categories, each a button that brings it out; the one that stands where it is of the same categories, scrolled as it is. */
  function categories(place, scale, look, field, bringOut) {
    const key = JSON.stringify([field.name, field.labels, field.colors]);
    const old = place.querySelector(".legend-categories");
    const list = old?.dataset.key === key ? old : listOf(field, key);
    for (const button of list.querySelectorAll("button")) {
      const pressed = button.value === (look.category ?? "");
      button.setAttribute("aria-pressed", String(pressed));
      button.onclick = () => bringOut?.(button.value);
    }
    list.classList.toggle("one-out", look.category !== undefined && look.category !== "");
    const range = endTexts(scale, { aggregate: "count" }).join(" to ");
    return [list, element("span", "legend-opacity", `opacity: ${range} rows a pixel`)];
  }

  function listOf(field, key) {
    const list = element("ul", "legend-categories");
    list.dataset.key = key;
    list.tabIndex = -1;
    field.labels.forEach((label, i) => {
      const swatch = element("i");
      swatch.style.background = field.colors[i];
      const button = element("button", "", swatch, element("span", "", label));
      Object.assign(button, { type: "button", value: nameOf(field, i), title: `Bring out ${label}` });
      list.append(element("li", "", button));
    });
    return list;
  }

  /** Say at which ends of the list more is hidden. */
  function shadeEnds(list) {
    const mark = () => {
      list.toggleAttribute("data-above", list.scrollTop > 2);
      list.toggleAttribute("data-below", list.scrollTop + list.clientHeight < list.scrollHeight - 2);
    };
    list.onscroll = mark;
    requestAnimationFrame(mark);
  }

  /**
   * Draw the legend of what is shown.
   * @param {HTMLElement} place
   * @param {Scale|null} scale null where nothing is visible
   * @param {object} look with `palette`
   * @param {object|undefined} field
   * @param {function(string): void} [bringOut] a category was pressed
   */
  function drawLegend(place, scale, look, field, bringOut) {
    const title = element("p", "legend-title", quantity(look, field));
    if (!scale) return place.replaceChildren(title, element("p", "legend-note", "No rows in this view."));
    if (look.aggregate !== "by") return place.replaceChildren(title, ...colourBar(scale, look, field));
    const [list, note] = categories(place, scale, look, field, bringOut);
    title.append(note);
    // A list that is taken out loses its place and the focus.
    if (list.parentNode === place) {
      for (const one of [...place.children]) if (one !== list) one.remove();
      list.before(title);
    } else {
      place.replaceChildren(title, list);
      const out = list.querySelector("[aria-pressed=true]");
      if (out) list.scrollTop = out.offsetTop - 20;
    }
    shadeEnds(list);
    return undefined;
  }

  /** Write the true values under the range slider's thumbs. */
  function drawRange(place, scale, look, field) {
    const texts = scale ? endTexts(scale, look, field) : ["–", "–"];
    place.replaceChildren(...texts.map((text) => element("span", "", text)));
  }

  Object.assign(board, { drawLegend, drawRange, quantity, element, barTicks, endTexts });
})();
