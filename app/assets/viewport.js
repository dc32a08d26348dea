/** A figure's axes: what is in view, and where a picture lies on them. Pure functions of a plot that plotly has drawn. */
(() => {
  "use strict";
  const board = (window.stageboard = window.stageboard || {});
  const FINE = 256; // a bound is exact to this part of a pixel
  const DIGITS = 9; // on a logarithmic axis, to this many digits
  const AXES = ["x", "y", "kind", "xlog", "ylog"];
  const PLACE = ["x0", "x1", "y0", "y1", "width", "height"];

  /** The low and high value of an axis in data units, exact to a part of a pixel. */
  function ends(axis, scale, log) {
    const [low, high] = axis.range.map((value) => axis.r2l(value)).sort((a, b) => a - b);
    if (log) return [low, high].map((value) => Number((10 ** value).toPrecision(DIGITS)));
    const step = (high - low) / scale / axis._length / FINE;
    const digits = Math.max(0, Math.min(15, Math.ceil(-Math.log10(step))));
    return [low, high].map((value) => Number((value / scale).toFixed(digits)));
  }

  /**
   * What is in view; the data's bounds to the last digit where they are in view, so that no row on an edge is lost.
   * @param {HTMLElement} at the plot
   * @returns {object} what the axes stand for, bounds in data units, and the size in pixels
   */
  function read(at) {
    const { names, scales, home: bounds } = at.layout.meta;
    const { xaxis, yaxis } = at._fullLayout;
    const [x, y] = home(at);
    const [x0, x1] = near(xaxis, x) ? bounds.slice(0, 2) : ends(xaxis, scales[0], names.xlog);
    const [y0, y1] = near(yaxis, y) ? bounds.slice(2) : ends(yaxis, scales[1], names.ylog);
    return { ...names, x0, x1, y0, y1, width: Math.round(xaxis._length), height: Math.round(yaxis._length) };
  }

  /** What the user did to come from one view to another. @returns {""|"pan"|"zoom"|"size"} */
  function moved(before, now) {
    if (AXES.some((name) => before[name] !== now[name]) || PLACE.every((name) => before[name] === now[name])) return "";
    const span = (view, axis) => (view[`${axis}log`] ? Math.log(view[`${axis}1`] / view[`${axis}0`]) : view[`${axis}1`] - view[`${axis}0`]);
    const kept = ["x", "y"].every((axis) => Math.abs(span(now, axis) / span(before, axis) - 1) < 1e-3);
    if (before.width !== now.width || before.height !== now.height) return kept ? "size" : "zoom";
    return kept ? "pan" : "zoom";
  }

  /** Plotly's range for two values of an axis. */
  function range(at, [low, high], which) {
    const { names, scales, reverse } = at.layout.meta;
    const log = which ? names.ylog : names.xlog;
    const found = [low, high].map((value) => (log ? Math.log10(value) : value * scales[which]));
    return reverse[which] ? found.reverse() : found;
  }

  /** Plotly's ranges of the data's bounds. */
  function home(at) {
    const [x0, x1, y0, y1] = at.layout.meta.home;
    return [range(at, [x0, x1], 0), range(at, [y0, y1], 1)];
  }

  /** Whether an axis has a range, to a hundredth of a pixel. */
  const near = (axis, wanted) => axis.range.every((value, i) => Math.abs(axis.r2l(value) - wanted[i]) < Math.abs(wanted[1] - wanted[0]) / axis._length / 100);

  /** Whether the axes show the data's bounds. */
  function atHome(at) {
    const [x, y] = home(at);
    return near(at._fullLayout.xaxis, x) && near(at._fullLayout.yaxis, y);
  }

  /** Where a picture lies, in plotly's units. */
  function layer(at, picture, opacity) {
    const x = range(at, [picture.x0, picture.x1], 0);
    const y = range(at, [picture.y0, picture.y1], 1);
    return {
      source: picture.src, xref: "x", yref: "y", layer: "below", sizing: "stretch", xanchor: "left", yanchor: "top",
      x: x[0], y: y[1], sizex: Math.abs(x[1] - x[0]), sizey: Math.abs(y[1] - y[0]), opacity: opacity / 100,
    };
  }

  /** Whether a picture is of what the axes stand for now. */
  const fits = (picture, at) => Object.entries(at.layout.meta.names).every(([name, value]) => picture[name] === value);

  board.viewport = { AXES, read, moved, range, home, atHome, layer, fits };
})();
