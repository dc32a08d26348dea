/**
 * The Figure page in the browser: which viewport the user has settled on, and the picture that the server made of it.
 *
 * A picture is put in only when it is loaded, at the bounds that it was made for, and with the ranges that the axes have
 * at that moment: nothing goes blank or jumps, and no update of the figure undoes a zoom.
 */
(() => {
  "use strict";
  const board = (window.stageboard = window.stageboard || {});
  const clientside = (window.dash_clientside = window.dash_clientside || {});
  const SETTLE = 140; // ms without a change before the server is asked
  const AGAIN = 40; // ms between looks at what is not ready yet
  const FINE = 256; // a bound is exact to this part of a pixel
  const DIGITS = 9; // on a logarithmic axis, to this many digits

  let timer = 0;
  let plotted = null; // the plot that is listened to
  let told = ""; // the viewport that the server knows
  let wanted = null; // the newest picture

  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  const box = () => document.getElementById("figure-graph");

  /** The plot, once plotly has drawn it. */
  function plot() {
    const found = box() && box().querySelector(".js-plotly-plot");
    return found && found._fullLayout && found._fullLayout.xaxis && found.layout.meta ? found : null;
  }

  const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

  /** The low and high value of an axis in data units, exact to a part of a pixel. */
  function ends(axis, scale, log) {
    const [low, high] = axis.range.map((value) => axis.r2l(value)).sort((a, b) => a - b);
    if (log) return [low, high].map((value) => Number((10 ** value).toPrecision(DIGITS)));
    const step = (high - low) / scale / axis._length / FINE;
    const digits = Math.max(0, Math.min(15, Math.ceil(-Math.log10(step))));
    return [low, high].map((value) => Number((value / scale).toFixed(digits)));
  }

  /** What is in view: what the axes stand for, bounds in data units, and the size in pixels. */
  function viewport(at) {
    const { names, scales } = at.layout.meta;
    const { xaxis, yaxis } = at._fullLayout;
    const [x0, x1] = ends(xaxis, scales[0], names.xlog);
    const [y0, y1] = ends(yaxis, scales[1], names.ylog);
    return { ...names, x0, x1, y0, y1, width: Math.round(xaxis._length), height: Math.round(yaxis._length) };
  }

  /** Look at the viewport soon; the last of a quick series counts. */
  function soon(ms = SETTLE) {
    clearTimeout(timer);
    timer = setTimeout(settle, ms);
  }

  function settle() {
    if (!box()) return;
    const at = plot();
    if (!at || at._dragging) return soon(AGAIN);
    if (at !== plotted) listen(at);
    const view = viewport(at);
    if (view.width < 8 || view.height < 8) return;
    const text = JSON.stringify(view);
    if (text === told) return;
    told = text;
    clientside.set_props("figure-view", { data: view });
  }

  function listen(at) {
    plotted = at;
    told = "";
    at.on("plotly_relayout", () => soon());
    at.on("plotly_doubleclick", home);
    new ResizeObserver(() => soon()).observe(at);
  }

  /** Plotly's range for two values of an axis. */
  function range([low, high], which) {
    const { names, scales, reverse } = plot().layout.meta;
    const log = which ? names.ylog : names.xlog;
    const found = [low, high].map((value) => (log ? Math.log10(value) : value * scales[which]));
    return reverse[which] ? found.reverse() : found;
  }

  /** Return to the data's bounds. */
  function home() {
    const at = plot();
    if (!at) return;
    const [x0, x1, y0, y1] = at.layout.meta.home;
    window.Plotly.relayout(at, { "xaxis.range": range([x0, x1], 0), "yaxis.range": range([y0, y1], 1) });
  }

  /** Zoom about the middle, or move by a part of the view: for the keyboard. */
  function step(zoom, right, up) {
    const at = plot();
    const moved = (axis, by, reversed) => {
      const [a, b] = axis.range.map((value) => axis.r2l(value));
      const [middle, half] = [(a + b) / 2 + by * (b - a), ((b - a) / 2) * zoom];
      return [middle - half, middle + half];
    };
    const { xaxis, yaxis } = at._fullLayout;
    window.Plotly.relayout(at, { "xaxis.range": moved(xaxis, right), "yaxis.range": moved(yaxis, up) });
  }

  const KEYS = {
    "+": [0.5, 0, 0], "=": [0.5, 0, 0], "-": [2, 0, 0], _: [2, 0, 0],
    ArrowLeft: [1, -0.2, 0], ArrowRight: [1, 0.2, 0], ArrowUp: [1, 0, 0.2], ArrowDown: [1, 0, -0.2],
  };

  document.addEventListener("keydown", (event) => {
    const field = event.target.closest && event.target.closest("#figure-stage");
    if (!field || event.ctrlKey || event.metaKey || event.altKey || !plot()) return;
    if (event.key === "0" || event.key === "Home") home();
    else if (KEYS[event.key]) step(...KEYS[event.key]);
    else return;
    event.preventDefault();
  });

  /** Where a picture lies, in plotly's units. */
  function layer(picture, opacity) {
    const x = range([picture.x0, picture.x1], 0);
    const y = range([picture.y0, picture.y1], 1);
    return {
      source: picture.src, xref: "x", yref: "y", layer: "below", sizing: "stretch", xanchor: "left", yanchor: "top",
      x: x[0], y: y[1], sizex: Math.abs(x[1] - x[0]), sizey: Math.abs(y[1] - y[0]), opacity: opacity / 100,
    };
  }

  /** Whether a picture is of what the axes stand for now. */
  const fits = (picture, at) => Object.entries(at.layout.meta.names).every(([name, value]) => picture[name] === value);

  async function loaded(address) {
    const image = new Image();
    image.src = address;
    try {
      await image.decode();
      return true;
    } catch {
      return false;
    }
  }

  /** Wait for the picture, and for the user's hand, and put it in. */
  async function show(picture, opacity) {
    if (!picture) return clientside.no_update;
    wanted = picture;
    const arrived = await loaded(picture.src);
    while (box() && (!plot() || plot()._dragging)) await wait(AGAIN);
    const at = plot();
    if (!arrived || !at || wanted !== picture || !fits(picture, at)) return clientside.no_update;
    const axes = at._fullLayout;
    const change = new clientside.Patch()
      .assign(["layout", "images"], [layer(picture, opacity)])
      .assign(["layout", "xaxis", "range"], [...axes.xaxis.range])
      .assign(["layout", "yaxis", "range"], [...axes.yaxis.range]);
    if (!same(at.layout.images && at.layout.images[0] && at.layout.images[0].source, picture.src)) painted(picture);
    return change.build();
  }

  /** Tell the page that a picture is about to be on the screen. */
  function painted(picture) {
    const stage = document.getElementById("figure-stage");
    if (!stage) return;
    const [right, down] = plot().layout.meta.reverse;
    stage.toggleAttribute("data-mirror-x", right);
    stage.toggleAttribute("data-mirror-y", down);
    stage.dataset.shown = picture.src;
  }

  clientside.figure = {
    watch: () => { soon(AGAIN); return clientside.no_update; },
    reset: (clicks) => { if (clicks) home(); return clientside.no_update; },
    show,
  };
  Object.assign(board, { figure: { plot, viewport, home } });
})();
