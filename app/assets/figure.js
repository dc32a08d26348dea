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
  const LEAST = 8; // pixels: a smaller figure is not laid out yet
  const LOOK = ["x", "y", "kind", "xlog", "ylog", "aggregate", "field", "normalization", "range", "cmap", "spreading", "data_opacity", "category"];
  const VIEW = ["x0", "x1", "y0", "y1", "width", "height", "aggregate", "field"];
  const SHADING = ["normalization", "range", "cmap", "spreading", "category"];
  const ZOOM = { "+": 0.5, "=": 0.5, "-": 2, _: 2 };
  const MOVE = { ArrowLeft: [-0.2, 0], ArrowRight: [0.2, 0], ArrowUp: [0, 0.2], ArrowDown: [0, -0.2] };

  const find = (name) => document.getElementById(`figure-${name}`);
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

  let timer = 0;
  let page = null; // what is known of the page that stands

  /** The plot, once plotly has drawn it. */
  function plot() {
    const found = find("graph")?.querySelector(".js-plotly-plot");
    return found?._fullLayout?.xaxis && found.layout.meta ? found : null;
  }

  /* The viewport */

  /** Look at the viewport soon; the last of a quick series counts. */
  function soon(ms = SETTLE) {
    clearTimeout(timer);
    timer = setTimeout(settle, ms);
  }

  function settle() {
    const at = plot();
    if (!find("graph")) return;
    if (!at || !page || at._dragging) return soon(AGAIN);
    if (at !== page.plot) listen(at);
    const view = { ...board.viewport.read(at), aggregate: page.look.aggregate, field: fieldOf(page.look) };
    if (view.width < LEAST || view.height < LEAST) return;
    write();
    if (same(view, page.view)) {
      page.since = 0;
      if (page.wanted && current(page.wanted)) say("exact");
      if (page.action && [...page.action.changed].every((name) => name === "reset")) idle();
      return;
    }
    const reset = page.action?.changed.has("reset");
    begin(page.view && !reset ? board.viewport.moved(page.view, view) : "", page.since);
    page.since = 0;
    page.view = view;
    page.lane.pending = 1;
    clientside.set_props("figure-view", { data: { ...view, ground: board.scheme(), lane: page.lane.next() } });
  }

  const placeOf = ({ aggregate, field, ...place }) => place;

  /** Resize no plot under the user's hand, or to the size that it has: a drawing that is laid out anew loses its drag. */
  function holdResizes() {
    const { Plots } = window.Plotly;
    if (Plots.held) return;
    const { resize } = Plots;
    Plots.held = true;
    // The graph's component asks after each drawing.
    Plots.resize = async (at) => {
      while (at._dragging && at.isConnected) await wait(AGAIN);
      const { width, height } = at._fullLayout || {};
      return at.clientWidth === width && at.clientHeight === height ? at : resize(at);
    };
  }

  function listen(at) {
    page.plot = at;
    holdResizes();
    at.on("plotly_relayouting", () => say("preview"));
    at.on("plotly_relayout", () => {
      if (page) page.since ||= performance.now();
      if (page?.view && !same(board.viewport.read(at), placeOf(page.view))) say("preview");
      soon();
    });
    at.on("plotly_doubleclick", home);
    new ResizeObserver(() => soon()).observe(at);
  }

  /* Moving it */

  /** Return to the data's bounds. */
  function home() {
    const at = plot();
    if (!at) return;
    const [x, y] = board.viewport.home(at);
    begin("reset");
    window.Plotly.relayout(at, { "xaxis.range": x, "yaxis.range": y }).then(() => soon(0));
  }

  /** Zoom about the middle, or move by a part of the view: for the keyboard. */
  function step(at, zoom, [right, up]) {
    const next = (axis, by) => {
      const [a, b] = axis.range.map((value) => axis.r2l(value));
      const [middle, half] = [(a + b) / 2 + by * (b - a), ((b - a) / 2) * zoom];
      return [middle - half, middle + half];
    };
    const { xaxis, yaxis } = at._fullLayout;
    window.Plotly.relayout(at, { "xaxis.range": next(xaxis, right), "yaxis.range": next(yaxis, up) });
  }

  document.addEventListener("keydown", (event) => {
    const at = event.target.id === "figure-stage" && plot();
    if (!at || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "0" || event.key === "Home") home();
    else if (ZOOM[event.key]) step(at, ZOOM[event.key], [0, 0]);
    else if (MOVE[event.key]) step(at, 1, MOVE[event.key]);
    else return;
    event.preventDefault();
  });

  /* The picture */

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

  /** Ask once more from the start of the chain; if that fails too, say so. */
  function again() {
    if (page.again) return tell("The server does not answer as it should. What is drawn stays: reload the page.");
    page.again = true;
    page.view = null;
    return soon(AGAIN);
  }

  /** Wait for the picture, and for the user's hand, and put it in. */
  async function show(picture, opacity) {
    if (!page || !picture) return clientside.no_update;
    page.wanted = picture;
    const [mine, arrived] = [page, !picture.stale && (await loaded(picture.src))];
    while (page === mine && find("graph") && (!plot() || plot()._dragging)) await wait(AGAIN);
    const at = plot();
    if (page !== mine || !at || page.wanted !== picture) return clientside.no_update;
    if (!arrived) {
      again();
      return clientside.no_update;
    }
    if (!board.viewport.fits(picture, at)) return clientside.no_update;
    page.again = false;
    shown(picture, at, opacity);
    const { xaxis, yaxis } = at._fullLayout;
    return new clientside.Patch()
      .assign(["layout", "images"], [board.viewport.layer(at, picture, opacity)])
      .assign(["layout", "xaxis", "range"], [...xaxis.range])
      .assign(["layout", "yaxis", "range"], [...yaxis.range])
      .build();
  }

  /** Say whether the picture is of these axes, or an older one stretched under them. */
  function say(state) {
    if (!find("state") || !find("stage").dataset.shown) return;
    find("state").textContent = state;
    find("state").dataset.state = state;
  }

  /** All that the page says about a picture that is about to be painted. */
  function shown(picture, at, opacity) {
    const { reverse } = at.layout.meta;
    find("stage").toggleAttribute("data-mirror-x", reverse[0]);
    find("stage").toggleAttribute("data-mirror-y", reverse[1]);
    // A mirrored picture mirrors its clip as well: its layer is clipped instead.
    const layer = at.querySelector(".imagelayer");
    if (layer) layer.style.clipPath = reverse.some(Boolean) ? `url(#clip${at._fullLayout._uid}xy)` : "";
    find("stage").dataset.shown = picture.src;
    find("export").setAttribute("href", opacity < 100 ? `${picture.src}?data_opacity=${opacity}` : picture.src);
    if (current(picture)) say("exact");
    tell("");
    drawLegend(picture);
    // A message posted now is handled when this frame has been painted.
    requestAnimationFrame(() => setTimeout(() => finish(picture)));
  }

  function drawLegend(picture) {
    const field = page.info.fields.find((one) => one.name === picture.field);
    const told = field && { ...field, labels: picture.categories.map(([label]) => label), colors: picture.categories.map(([, colour]) => colour) };
    const shown = [picture.legend && new board.Scale(picture.legend), { aggregate: picture.aggregate, palette: palette(), category: picture.category }, told];
    const bringOut = (name) => clientside.set_props("figure-category", { data: name === page.look.category ? "" : name });
    board.drawLegend(find("legend"), ...shown, bringOut);
    board.drawRange(find("range-values"), ...shown);
  }

  const palette = () => board.palette(page.look.cmap, page.info.palettes[page.look.cmap], board.scheme());

  /* The ribbon */

  /** An action begins; changes until its picture is painted belong to it. */
  function begin(changed, since) {
    if (!page) return;
    page.action ||= { changed: new Set(), start: since || performance.now() };
    if (changed) page.action.changed.add(changed);
    find("stage").closest(".explorer").classList.add("busy");
  }

  function idle() {
    page.action = null;
    page.lane.pending = 0;
    find("stage").closest(".explorer").classList.remove("busy");
  }

  /** Whether a picture is of what is in view and chosen now, and no newer one is on its way. */
  function current(picture) {
    const { view, look } = page;
    return VIEW.every((name) => picture[name] === view?.[name]) && SHADING.every((name) => same(picture[name], look[name]));
  }

  function finish(picture) {
    if (!page?.action || !find("stage") || page.wanted !== picture || !current(picture)) return;
    const { changed, start } = page.action;
    const names = [...changed];
    const here = names.length > 0 && names.every((name) => name === "data_opacity");
    idle();
    const stages = board.figureRows(picture, here);
    const latency = performance.now() - start;
    const detail = { page: "figure", dataset: page.info.dataset, plot: page.info.plot, changed: names.length ? names : ["open"], stages, latency, at: Date.now() };
    page.ribbon.show({ ...detail, summary: board.figureSummary(detail.changed, stages, picture, here, latency) });
  }

  function tell(text) {
    if (find("message")) find("message").textContent = text;
    if (text) idle();
  }

  /* The controls and the address */

  /** The whole view in the address. */
  function write() {
    const at = plot();
    if (!at) return;
    const { look, info } = page;
    const parts = board.viewport.AXES.filter((name) => look[name] !== info.defaults[name]).map((name) => `${name}=${encodeURIComponent(typeof look[name] === "boolean" ? Number(look[name]) : look[name])}`);
    if (!board.viewport.atHome(at)) {
      const { x0, x1, y0, y1 } = board.viewport.read(at);
      parts.push(`bounds=${[x0, x1, y0, y1].join(",").replaceAll("e+", "e")}`);
    }
    const shared = board.addressQuery({ plot: info.plot, ...look }, info.defaults, null, null);
    const rest = parts.join("&");
    page.address.write(shared && rest ? `${shared}&${rest}` : rest ? `?${rest}` : shared, [...(page.action?.changed ?? [])].join(" "));
  }

  /** The fields that fit the aggregate. */
  function fitting({ aggregate }) {
    const kinds = { count: [], by: ["category"], sum: ["number"], var: ["number"], std: ["number"] }[aggregate] || ["number", "time"];
    return page.info.fields.filter((one) => kinds.includes(one.kind));
  }

  /** The field in force: the chosen one where it fits, else the first that does. */
  function fieldOf(look) {
    const fit = fitting(look);
    return fit.some((one) => one.name === look.field) ? look.field : fit[0]?.name || "";
  }

  function offerFields(look) {
    const data = fitting(look).map((one) => ({ value: one.name, label: one.title }));
    clientside.set_props("figure-field", { data, value: fieldOf(look) || null, disabled: !data.length });
  }

  /** Only columns of numbers have a logarithmic scale. */
  function offerScale(axis, look) {
    const possible = page.info.columns[look[axis]].log;
    // A property that is set calls the server, also where it stays the same.
    clientside.set_props(`figure-${axis}log`, { disabled: !possible, ...(look[`${axis}log`] && !possible ? { checked: false } : {}) });
  }

  /** Forget the page. Its address is written no more: another page may stand there by now. */
  function leave() {
    clearTimeout(timer);
    page?.address.remove();
    page?.ribbon.remove();
    page?.lane.remove();
    page = null;
  }

  /** Show the controls' values; tries again while React has not put the page in place yet. */
  function apply(info, look, tries = 50) {
    if (!find("stage")) return tries && setTimeout(() => apply(info, look, tries - 1), AGAIN);
    if (page?.info !== info) open(info, look);
    else change(look);
    find("cmap-preview").style.backgroundImage = palette().css;
    find("cmap-preview").hidden = look.aggregate === "by";
    return undefined;
  }

  function open(info, look) {
    leave();
    page = { info, look, address: new board.Address(), ribbon: new board.Ribbon(find("ribbon"), find("live")), lane: new board.Lane(), action: null, since: 0, view: null, plot: null };
    board.palettes = info.palettes;
    begin("open");
    soon(AGAIN);
  }

  function change(look) {
    const before = page.look;
    // The field that comes with an aggregate is not the user's change.
    const changed = LOOK.filter((name) => !same(look[name], before[name]) && (name !== "field" || fieldOf(look) !== fieldOf(before)));
    page.look = look;
    changed.forEach((name) => begin(name));
    if (changed.includes("aggregate")) offerFields(look);
    // A category is one of its field.
    if (look.category && fieldOf(look) !== fieldOf(before)) clientside.set_props("figure-category", { data: "" });
    for (const axis of ["x", "y"]) if (changed.includes(axis)) offerScale(axis, look);
    if (changed.includes("aggregate") || changed.includes("field")) soon(0);
    write();
  }

  new MutationObserver(() => {
    if (!page || !find("stage")) return;
    begin("theme");
    find("cmap-preview").style.backgroundImage = palette().css;
    clientside.set_props("figure-ground", { data: board.scheme() });
  }).observe(document.documentElement, { attributes: true, attributeFilter: ["data-mantine-color-scheme"] });

  clientside.figure = {
    /** The figure was drawn, or the page came. */
    watch() {
      soon(AGAIN);
      return clientside.no_update;
    },

    /** A control changed, or the page came. */
    controls(info, ...values) {
      if (info) apply(info, Object.fromEntries(LOOK.map((name, i) => [name, values[i] ?? ""])));
      return clientside.no_update;
    },

    show,

    reset(clicks) {
      if (clicks) home();
    },

    /** Copy the address of the view. */
    async share(clicks) {
      if (!clicks || !page) return;
      write();
      page.address.flush();
      const label = find("share-label");
      label.textContent = (await board.copyText(location.href)) ? "Link copied" : "Copy the address bar";
      setTimeout(() => label.isConnected && (label.textContent = "Copy link to this view"), 2000);
    },

    left(pathname) {
      if (page && !pathname.startsWith(board.at("/figure"))) leave();
    },

    /** Another data set or plot was chosen: open its page. */
    open(dataset, plotName, info) {
      if (!info || !dataset || (dataset === info.dataset && plotName === info.plot.split("~")[0])) return clientside.no_update;
      page?.address.flush();
      leave();
      return board.at(dataset === info.dataset ? `/figure/${dataset}${board.queryOfPlot(info, plotName, location.search)}` : `/figure/${dataset}`);
    },
  };

  Object.assign(board, { figure: { plot } });
})();
