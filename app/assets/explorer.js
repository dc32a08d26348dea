/**
 * The Explorer in the browser: joins the map, the controls, the address, the legend and the ribbon.
 * `controls.js` tells of the controls that make the picture; none of them has a callback.
 */
(() => {
  "use strict";
  const board = (window.stageboard = window.stageboard || {});
  const find = (name) => document.getElementById(`explorer-${name}`);
  const NEEDS = { count: [], by: ["category"], sum: ["number"], var: ["number"], std: ["number"], mean: ["number", "time"], min: ["number", "time"], max: ["number", "time"] };
  /** ms after which the controls come, though no picture is there. */
  const LATE = 1500;
  /** What waits: a map for its data, data for their map, the controls for the first picture. */
  const waiting = { map: null, page: null, controls: null };
  /** ms after which a change that can wait for the picture waits no longer. */
  const SOON = 500;
  let page = null;
  /** Whether the controls are being written, and not to be heard. */
  let quiet = false;

  /** Changes of controls that follow from an action: React takes longer for them than a picture takes, so it comes first. */
  const afterwards = {
    props: new Map(),
    set(id, props) {
      if (!this.props.size) this.timer = setTimeout(() => this.run(), SOON);
      this.props.set(id, props);
    },
    run() {
      clearTimeout(this.timer);
      const changes = [...this.props];
      this.props.clear();
      for (const [id, props] of changes) if (document.getElementById(id)) dash_clientside.set_props(id, props);
    },
  };

  /** Fields that an aggregate can use. */
  const fitting = (info, aggregate) => info.fields.filter((field) => NEEDS[aggregate].includes(field.kind));

  class Explorer {
    constructor(map, info, look) {
      Object.assign(this, { map, info, look: {}, action: null, moving: false });
      this.world = new board.World(info);
      this.place = map.getContainer().closest(".explorer");
      this.setUpMap();
      this.view = new board.AggregateView(map, info, {
        shown: () => this.shown(),
        held: () => this.readout.say("preview"),
        failed: (error) => this.tell(sentence(error)),
        busy: (busy) => this.place.classList.toggle("busy", busy),
      });
      this.base = this.world.geographic ? new board.BaseMap(map, this.place, info.basemaps, (text) => this.tell(text)) : null;
      if (this.base) this.base.onFallBack = () => this.apply(this.look, "basemap");
      this.axes = this.world.geographic ? null : new board.Axes(map, info, this.world, find("axes"));
      this.readout = new board.Readout(map, info, this.world, this.view, find("status"), find("value"));
      this.ribbon = new board.Ribbon(find("ribbon"), find("live"));
      this.address = new board.Address();
      this.prefetcher = new board.Prefetcher(map, this.view);
      this.watch();
      this.path = location.pathname;
      this.first = { search: location.search, look, bounds: info.bounds };
      this.apply(look, "open");
    }

    /** Show another look and view, as an entry of the history has them. */
    show({ look, bounds }) {
      this.begin("history");
      this.opening = !bounds;
      this.settling = true;
      board.openView(this.map, this.world, { view: this.info.view, bounds }, this.opening);
      this.settling = false;
      this.apply(look);
      this.view.schedule();
    }

    setUpMap() {
      const { map } = this;
      board.furnish(map, this.world);
      // A notch of a wheel is one zoom; Leaflet also begins to load at once then, not when it has zoomed.
      map.options.wheelPxPerZoomLevel = 100;
      if (matchMedia("(prefers-reduced-motion: reduce)").matches) map.options.inertia = map._zoomAnimated = false;
      const box = map.getContainer();
      box.setAttribute("role", "application");
      box.setAttribute("aria-label", `${this.info.title}. Arrow keys move the view, plus and minus zoom.`);
      map.invalidateSize({ pan: false, animate: false });
      this.opening = !this.info.bounds;
      this.fit();
    }

    /** Go to the bounds of the address, or to the opening view. */
    fit() {
      this.settling = true;
      board.openView(this.map, this.world, this.info, this.opening);
      this.settling = false;
    }

    watch() {
      this.onStart = () => {
        if (this.settling) return;
        board.early?.remove();
        this.moving = true;
        this.zoomBefore = this.map.getZoom();
        this.begin("");
      };
      this.onEnd = () => {
        if (this.settling || !this.moving) return;
        this.moving = false;
        this.opening = false;
        const what = this.map.getZoom() === this.zoomBefore ? "pan" : "zoom";
        this.action?.changed.add(what);
        this.write(what);
      };
      this.map.on("movestart", this.onStart).on("moveend", this.onEnd);
      this.themes = new MutationObserver(() => this.recolour());
      this.themes.observe(document.documentElement, { attributes: true, attributeFilter: ["data-mantine-color-scheme"] });
      this.sizes = new ResizeObserver(() => {
        this.resized();
        if (this.opening) this.fit();
      });
      this.sizes.observe(this.map.getContainer());
    }

    /** The map's box has another size. Leaflet tells nobody of a single pixel more, which leaves the middle where it was. */
    resized() {
      const { map } = this;
      const before = map.getSize();
      map.invalidateSize({ pan: false, animate: false });
      if (!map.getSize().equals(before)) map.fire("moveend");
    }

    remove() {
      this.map.off("movestart", this.onStart).off("moveend", this.onEnd);
      this.themes.disconnect();
      this.sizes.disconnect();
      for (const part of [this.view, this.base, this.axes, this.readout, this.ribbon, this.address, this.prefetcher]) part?.remove();
    }

    field() {
      return this.info.fields.find((one) => one.name === this.look.field);
    }

    /** An action begins; changes until it is on screen belong to it. */
    begin(changed) {
      if (!this.action) {
        this.action = { changed: new Set(), start: performance.now() };
        this.view.resetCosts();
      }
      if (changed) this.action.changed.add(changed);
    }

    /** Show the controls' values. */
    apply(look, changed) {
      const names = changed ? [changed] : Object.keys(look).filter((name) => String(look[name]) !== String(this.look[name]));
      if (!names.length) return;
      names.forEach((name) => this.begin(name));
      if (!names.includes("open")) {
        board.early?.remove();
        this.prefetcher.disturb();
      }
      this.look = { ...look };
      if (this.base) {
        this.base.show(look.basemap, look.map_opacity, look.labels);
        this.place.dataset.ground = this.base.ground();
      }
      Object.assign(this.look, coloursOf(this.info, look, this.ground()));
      this.view.show(this.look);
      this.dress();
      if (!names.includes("open")) this.write(names.join(" "));
    }

    recolour() {
      this.base?.refresh();
      this.axes?.redraw();
      this.apply(this.look, "theme");
    }

    /** Show the colours beside their name. */
    dress() {
      const place = find("cmap-preview");
      if (!place) return;
      place.style.backgroundImage = this.look.palette.css;
      place.hidden = this.look.aggregate === "by";
    }

    /** Write among the controls what is true of the picture. */
    annotate() {
      const { shader, sparse, drawn } = this.view;
      if (!drawn || !find("range-values")) return;
      board.drawRange(find("range-values"), shader.scale, drawn, this.field());
      find("spreading-note").textContent = sparse > this.look.spreading ? `${sparse} in use: few points are in view` : "";
      this.linkExport();
    }

    /** All that the view needs is drawn. */
    shown() {
      board.drawLegend(find("legend"), this.view.shader.scale, this.view.drawn, this.field(), (category) => this.bringOut(category));
      this.annotate();
      this.readout.say(this.view.exact ? "exact" : "preview");
      this.prefetcher.rest();
      if (!this.action || this.moving) return;
      const { changed } = this.action;
      // An opening is what the first picture took, whose place this one takes.
      const { start, facts, costs, previewed, painted } = board.early?.took ?? { ...this.view, start: board.early?.start ?? this.action.start };
      this.action = null;
      const preview = previewed ? previewed - start : null;
      const stages = board.stageRows(facts, costs);
      // A message posted now is handled when this frame has been painted.
      const channel = new MessageChannel();
      channel.port1.onmessage = () => {
        channel.port1.close();
        board.early?.remove();
        waiting.controls?.();
        afterwards.run();
        board.unpacker.start();
        board.rehearse();
        if (page !== this) return;
        this.ribbon.show({ page: "explorer", dataset: this.info.dataset, plot: this.info.plot, changed: [...changed], stages, preview, prefetch: board.prefetch.stats(), latency: (painted ?? performance.now()) - start, at: Date.now() });
      };
      channel.port2.postMessage(0);
    }

    bounds() {
      const zoom = this.map.getZoom();
      return this.world.bounds(board.viewPixels(this.map, zoom), zoom);
    }

    query() {
      const { palette, colours, front, ...look } = this.look;
      const bounds = this.opening ? null : this.bounds();
      return board.addressQuery({ plot: this.info.plot, ...look }, this.info.defaults, bounds, bounds && this.world.steps(bounds, this.map.getZoom()));
    }

    write(kind) {
      this.address.write(this.query(), kind);
    }

    /** The ground under the data. @returns {"dark"|"light"} */
    ground() {
      return this.base ? this.base.ground() : board.scheme();
    }

    /** Draw a category above the others; none where it is the one that is. */
    bringOut(category) {
      this.apply({ ...this.look, category: category === this.look.category ? "" : category });
    }

    /** Keep the export's address that of what is seen. */
    linkExport() {
      const zoom = this.map.getZoom();
      const address = board.exportAddress(this.info, this.view.drawn, board.viewPixels(this.map, zoom), zoom - 1, this.ground());
      find("export").setAttribute("href", address);
    }

    /** Show a plain sentence over the map until it is dismissed. */
    tell(text) {
      const place = find("message");
      if (place.textContent.includes(text)) return;
      const close = board.element("button", "", "×");
      close.setAttribute("aria-label", "Dismiss");
      close.onclick = () => place.replaceChildren();
      place.replaceChildren(board.element("span", "", text), close);
    }
  }

  /** The colours of a look on a ground: of the colormap, and of the categories. */
  function coloursOf(info, look, ground) {
    const field = info.fields.find((one) => one.name === look.field);
    const by = look.aggregate === "by" && field;
    return {
      palette: board.palette(look.cmap, info.palettes[look.cmap], ground),
      colours: by ? board.parseColours(field.colors.join("")) : null,
      front: by && look.category ? field.categories.indexOf(look.category) : -1,
    };
  }

  function sentence(error) {
    if (error.status === 404) return `${capital(error.message)} Reload the page to see the data as they are now.`;
    if (error.status) return capital(error.message);
    return "The server does not answer. What is drawn stays; move the map to try again.";
  }

  const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

  /** Bring a map and its data together, whichever came first. */
  function join() {
    const { map, page: next } = waiting;
    if (!map || !next || map.getContainer().id !== next.info.map) return;
    if (page?.map === map && page.info === next.info) return;
    page?.remove();
    page = null;
    page = new Explorer(map, next.info, next.look);
    board.explorer = page;
  }

  function onMap() {
    if (!this.getContainer().classList.contains("explorer-map")) return;
    waiting.map = this;
    this.on("unload", () => {
      if (page?.map === this) {
        page.remove();
        page = board.explorer = null;
      }
      if (waiting.map === this) waiting.map = null;
    });
    // React has not put the rest of the page in place yet.
    requestAnimationFrame(join);
  }
  board.whenLeaflet(() => L.Map.addInitHook(onMap));

  /** Categories have colours of their own: the colormap rests. */
  function restColormap(aggregate) {
    if (page && (page.look.aggregate === "by") !== (aggregate === "by")) afterwards.set("explorer-cmap", { disabled: aggregate === "by" });
  }

  /** Offer the fields that fit the aggregate; returns the one in force. */
  function offerFields(info, aggregate, field) {
    const fits = fitting(info, aggregate);
    const chosen = fits.some((one) => one.name === field) ? field : fits[0]?.name || "";
    const shown = fits.length ? chosen : null;
    if (page && (page.look.aggregate !== aggregate || shown !== (field || null))) {
      const data = fits.map((one) => ({ value: one.name, label: one.title }));
      afterwards.set("explorer-field", { data, value: shown, disabled: !fits.length });
    }
    return chosen;
  }

  /** What to draw, from the controls' values. */
  function lookOf(info, field, [aggregate, , normalization, range, cmap, spreading, dataOpacity, basemap, mapOpacity, labels]) {
    const look = { aggregate, field, normalization, range, cmap, spreading, data_opacity: dataOpacity };
    return info.crs === "plane" ? look : { ...look, basemap, map_opacity: mapOpacity, labels };
  }

  /** Draw what the controls say. */
  function take(...values) {
    if (quiet) return;
    const { info } = waiting.page;
    const [aggregate, field] = values;
    restColormap(aggregate);
    const look = lookOf(info, offerFields(info, aggregate, field), values);
    // A category is one of its field.
    const { category, field: before } = (page?.info === info ? page : waiting.page).look;
    look.category = look.field === before ? category : "";
    if (page?.info === info) page.apply(look);
    else waiting.page.look = look;
  }

  /** Write controls, of which the page hears nothing. */
  function quietly(write) {
    quiet = true;
    try {
      write();
    } finally {
      quiet = false;
    }
  }

  Object.assign(board, { coloursOf, lookOf, quietly, fittingFields: fitting });

  const clientside = (window.dash_clientside = window.dash_clientside || {});
  Object.assign((clientside.explorer = clientside.explorer || {}), {
    /** The page came: its picture does not wait for its controls. */
    page(info) {
      if (!info) return clientside.no_update;
      board.palettes = info.palettes;
      waiting.page = { info, look: { ...lookOf(info, info.opening[1], info.opening), category: info.category } };
      board.hear(info.controls, take);
      join();
      return clientside.no_update;
    },

    /** The controls come to their place when the first picture is painted, or when it is late. */
    panel(controls) {
      return new Promise((come) => {
        waiting.controls = () => come(controls);
        setTimeout(waiting.controls, LATE);
      });
    },

    /** The controls have come. */
    furnished() {
      page?.dress();
      page?.annotate();
      return clientside.no_update;
    },

    /** Another data set or plot was chosen: open its page. */
    open(dataset, plot, info) {
      if (!info || !dataset || (dataset === info.dataset && plot === info.plot.split("~")[0])) return clientside.no_update;
      page?.address.flush();
      return board.at(dataset === info.dataset ? `/explorer/${dataset}${board.queryOfPlot(info, plot, location.search)}` : `/explorer/${dataset}`);
    },

    reset() {
      if (!page) return;
      page.begin("reset");
      page.opening = true;
      page.fit();
      page.view.schedule();
      page.write("reset");
    },
  });
})();
