/** What stands around the data of a picture: title, axes, legend and attribution, in the page's own font and rules. */
(() => {
  "use strict";
  const board = (window.stageboard = window.stageboard || {});
  const FAMILY = "Inter, system-ui, sans-serif";
  /** Pixels at the page's own size. */
  const [PAD, TITLE, TEXT, SMALL, LINE] = [14, 17, 13, 11.5, 19];
  const AXIS = { left: 70, bottom: 46 };
  const BAR = 320;

  /** How large a picture's texts are beside the page's. */
  const unitOf = ({ width, height }) => Math.max(0.5, Math.min(width / 1000, height / 640));

  const font = (pen, size, weight = 400) => (pen.font = `${weight} ${size}px ${FAMILY}`);

  /** Lines of entries that fit a width, each a label with the swatch before it. @returns {{label: string, colour: string, out: boolean, x: number, line: number}[]} */
  function flow(pen, { field, category }, unit, width) {
    font(pen, TEXT * unit);
    const [swatch, gap] = [18 * unit, 16 * unit];
    let [x, line] = [0, 0];
    return field.labels.map((label, i) => {
      const wide = swatch + pen.measureText(label).width;
      if (x > 0 && x + wide > width) [x, line] = [0, line + 1];
      const one = { label, colour: field.colors[i], out: Boolean(category) && (field.categories?.[i] ?? label) === category, x, line };
      x += wide + gap;
      return one;
    });
  }

  /** How high each part is, and where the data lie. */
  function layoutOf(pen, { width, height }, shown, legend, geographic) {
    const unit = unitOf({ width, height });
    const wide = width - 2 * PAD * unit;
    const entries = shown.legend && legend.by ? flow(pen, legend, unit, wide) : [];
    const lines = entries.length ? entries.at(-1).line + 1 : 0;
    const title = shown.title ? (TITLE + 2 * PAD) * unit : 0;
    const legendHigh = shown.legend ? (PAD + LINE + (legend.by ? lines * LINE : 36)) * unit : 0;
    const attribution = shown.attribution ? (PAD + SMALL) * unit : 0;
    const below = legendHigh + attribution + (legendHigh || attribution ? PAD * unit : 0);
    const axes = shown.axes && !geographic;
    const [left, under] = axes ? [AXIS.left * unit, AXIS.bottom * unit] : [0, 0];
    const [top, bottom] = [Math.round(title), Math.round(height - below - under)];
    const data = { left: Math.round(left), top, width: width - Math.round(left) - (axes ? Math.round(PAD * unit) : 0), height: bottom - top };
    return { unit, entries, data, legendTop: height - below + PAD * unit, attributionTop: height - (PAD + SMALL) * unit, wide };
  }

  /** The longest beginning of a text that fits a width. */
  function fitted(pen, text, width) {
    if (pen.measureText(text).width <= width) return text;
    let end = text.length;
    while (end > 0 && pen.measureText(`${text.slice(0, end)}…`).width > width) end--;
    return `${text.slice(0, end)}…`;
  }

  function drawTitle(pen, text, { unit, wide }, ink) {
    font(pen, TITLE * unit, 660);
    Object.assign(pen, { fillStyle: ink.text, textAlign: "left", textBaseline: "top" });
    pen.fillText(fitted(pen, text, wide), PAD * unit, PAD * unit);
  }

  function drawAttribution(pen, text, { unit, wide, attributionTop }, ink) {
    font(pen, SMALL * unit);
    Object.assign(pen, { fillStyle: ink.quiet, textAlign: "left", textBaseline: "top" });
    pen.fillText(fitted(pen, text, wide), PAD * unit, attributionTop);
  }

  /** Axes along the data's left and lower side, outside of them. */
  function drawAxes(pen, picture, { unit, data }, ink) {
    const { info, world, rect, z } = picture;
    const place = { rect, zoom: z + 1 };
    const [right, bottom] = [data.left + data.width, data.top + data.height];
    font(pen, 12 * unit);
    Object.assign(pen, { strokeStyle: ink.quiet, fillStyle: ink.text, lineWidth: unit });
    pen.strokeRect(data.left - unit / 2, data.top - unit / 2, data.width + unit, data.height + unit);
    pen.beginPath();
    Object.assign(pen, { textAlign: "center", textBaseline: "top" });
    let end = -Infinity;
    for (const { px, label } of board.axisTicks(info, world, place, "x", [0, data.width], data.width / (board.tickEvery.x * unit))) {
      const [x, half] = [data.left + px, pen.measureText(label).width / 2];
      pen.moveTo(x, bottom);
      pen.lineTo(x, bottom + 5 * unit);
      if (x - half < end + 8 * unit || x + half > right + PAD * unit) continue;
      pen.fillText(label, x, bottom + 8 * unit);
      end = x + half;
    }
    Object.assign(pen, { textAlign: "right", textBaseline: "middle" });
    for (const { px, label } of board.axisTicks(info, world, place, "y", [0, data.height], data.height / (board.tickEvery.y * unit))) {
      pen.moveTo(data.left - 5 * unit, data.top + px);
      pen.lineTo(data.left, data.top + px);
      pen.fillText(label, data.left - 8 * unit, data.top + px, data.left - 10 * unit);
    }
    pen.stroke();
    font(pen, 12 * unit, 600);
    Object.assign(pen, { textAlign: "right", textBaseline: "top", strokeStyle: ink.ground, lineWidth: 4 * unit, lineJoin: "round" });
    pen.fillText(`${board.axisName(info.axes.x)} →`, right, bottom + 26 * unit);
    pen.textAlign = "left";
    const name = `${info.axes.y.reverse ? "↓" : "↑"} ${board.axisName(info.axes.y)}`;
    pen.strokeText(name, data.left + 8 * unit, data.top + 8 * unit);
    pen.fillText(name, data.left + 8 * unit, data.top + 8 * unit);
  }

  function drawCategories(pen, { entries, unit, legendTop }, ink, faded) {
    Object.assign(pen, { textAlign: "left", textBaseline: "middle" });
    for (const { label, colour, out, x, line } of entries) {
      const [left, middle] = [PAD * unit + x, legendTop + (LINE * 1.5 + line * LINE) * unit];
      pen.globalAlpha = faded && !out ? 0.45 : 1;
      pen.fillStyle = colour;
      pen.fillRect(left, middle - 6 * unit, 12 * unit, 12 * unit);
      pen.globalAlpha = 1;
      font(pen, TEXT * unit, out ? 600 : 400);
      pen.fillStyle = faded && !out ? ink.quiet : ink.text;
      pen.fillText(label, left + 18 * unit, middle);
    }
  }

  function drawBar(pen, { scale, look, field }, { unit, wide, legendTop }, ink) {
    const shown = scale.bar;
    const [left, top, width] = [PAD * unit, legendTop + LINE * unit, Math.min(BAR * unit, wide)];
    const stops = (shown === scale ? look.palette.css : shown.gradient(look.palette)).match(/rgb\([^)]*\)/g);
    const gradient = pen.createLinearGradient(left, 0, left + width, 0);
    stops.forEach((stop, i) => gradient.addColorStop(i / Math.max(stops.length - 1, 1), stop));
    pen.fillStyle = gradient;
    pen.fillRect(left, top, width, 12 * unit);
    font(pen, 12 * unit);
    Object.assign(pen, { fillStyle: ink.text, textBaseline: "top" });
    for (const { at, text } of board.barTicks(shown, look, field)) {
      pen.textAlign = at === 0 ? "left" : at === 1 ? "right" : "center";
      pen.fillText(text, left + at * width, top + 17 * unit);
    }
  }

  /** Draw the legend; `legend` has the scale, the look and the field. */
  function drawLegend(pen, legend, place, ink) {
    const { scale, look, field, by, category } = legend;
    const { unit, legendTop } = place;
    const range = by && scale ? `   opacity: ${board.endTexts(scale, { aggregate: "count" }).join(" to ")} rows a pixel` : "";
    const title = board.quantity(look, field);
    font(pen, TEXT * unit, 600);
    Object.assign(pen, { fillStyle: ink.text, textAlign: "left", textBaseline: "top" });
    const head = title[0].toUpperCase() + title.slice(1);
    pen.fillText(head, PAD * unit, legendTop);
    const after = PAD * unit + pen.measureText(head).width;
    font(pen, SMALL * unit);
    pen.fillStyle = ink.quiet;
    pen.fillText(scale ? range : "   No rows in this view.", after, legendTop + unit);
    if (!scale) return;
    if (by) drawCategories(pen, place, ink, Boolean(category));
    else drawBar(pen, legend, place, ink);
  }

  Object.assign(board, { pictureFrame: { layoutOf, drawTitle, drawAttribution, drawAxes, drawLegend } });
})();
