/** What the colours mean, in true numbers: the colour bar, the categories, and the range under its slider. */
(() => {
  "use strict";
  const board = (window.stageboard = window.stageboard || {});
  const AT = [0, 0.25, 0.5, 0.75, 1];

  /** Make an element. */
  function element(tag, className, ...children) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    made.append(...children);
    return made;
  }

  /** What the values are, in words: "rows a pixel", "mean delay, min". */
  function quantity(look, field) {
    if (look.aggregate === "count" || !field) return "rows a pixel";
    if (look.aggregate === "by") return `rows a pixel by ${field.title}`;
    return `${look.aggregate} ${field.title}${field.unit ? `, ${field.unit}` : ""}`;
  }

  /** A tick's text; times as dates, no finer than the colour bar can show. */
  function tickText(value, field, look, scale) {
    const isTime = field && field.kind === "time" && look.aggregate !== "count";
    return isTime ? board.format.date(value, (scale.max - scale.min) / 50) : board.format.short(value);
  }

  /** Values with their places on the bar, none too near the one before. */
  function barTicks(scale) {
    const found = [];
    for (const part of AT) {
      const value = scale.value(part);
      const at = part === 0 || scale.lo === scale.hi ? part : scale.position(value);
      const last = found.at(-1);
      if (last && (last.value === value || at - last.at < 0.14)) {
        if (part === 1 && last.at > 0) found.pop();
        else if (part !== 1 || last.value === value) continue;
      }
      found.push({ value, at });
    }
    return found;
  }

  function colourBar(scale, look, field) {
    const bar = element("div", "legend-bar");
    bar.style.backgroundImage = look.palette.css;
    const row = element("div", "legend-ticks");
    for (const { value, at } of barTicks(scale)) {
      const tick = element("span", at <= 0.02 ? "first" : at >= 0.98 ? "last" : "", tickText(value, field, look, scale));
      tick.style.left = `${at * 100}%`;
      row.append(tick);
    }
    return [bar, row];
  }

  function categories(scale, field) {
    const list = element("ul", "legend-categories");
    field.labels.forEach((label, i) => {
      const swatch = element("i");
      swatch.style.background = field.colors[i];
      list.append(element("li", "", swatch, label));
    });
    const most = element("p", "legend-note", `opacity: ${board.format.short(scale.lo)} to ${board.format.short(scale.hi)} rows a pixel`);
    return [list, most];
  }

  /**
   * Draw the legend of what is shown.
   * @param {HTMLElement} place
   * @param {Scale|null} scale null where nothing is visible
   * @param {object} look with `palette`
   * @param {object|undefined} field
   */
  function drawLegend(place, scale, look, field) {
    const title = element("p", "legend-title", quantity(look, field));
    if (!scale) return place.replaceChildren(title, element("p", "legend-note", "No rows in this view."));
    place.replaceChildren(title, ...(look.aggregate === "by" ? categories(scale, field) : colourBar(scale, look, field)));
    return undefined;
  }

  /** Write the true values under the range slider's thumbs. */
  function drawRange(place, scale, look, field) {
    const text = (value) => (scale ? tickText(value, field, look, scale) : "–");
    const [low, high] = [element("span", "", text(scale?.lo)), element("span", "", text(scale?.hi))];
    place.replaceChildren(low, high);
  }

  Object.assign(board, { drawLegend, drawRange, quantity, element, barTicks });
})();
