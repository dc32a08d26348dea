/** The whole view in the page's address, written without a callback and without a request. */
(() => {
  "use strict";
  const board = (window.stageboard = window.stageboard || {});
  const ORDER = ["plot", "aggregate", "field", "normalization", "cmap", "spreading", "range", "category", "basemap", "data_opacity", "map_opacity", "labels"];

  /** Text of a control's value in the address. */
  const text = (value) => (Array.isArray(value) ? value.join(",") : typeof value === "boolean" ? String(Number(value)) : String(value));

  /** A number has so many digits at most. */
  const DIGITS = 17;

  /** A bound, to a ten-thousandth of a pixel as far as it has the digits. */
  function rounded(value, pixel) {
    const digits = Math.ceil(Math.log10(Math.abs(value) / pixel)) + 4;
    return String(Number(value.toPrecision(Math.max(1, Math.min(DIGITS, digits || 1))))).replace("e+", "e");
  }

  /**
   * The address of a view: only what differs from how the plot opens.
   * @param {object} look the controls' values
   * @param {object} defaults how the plot opens; `plot` is the data set's first
   * @param {number[]|null} bounds x0, x1, y0, y1 in data units; null for the opening view
   * @param {number[]|null} steps data units a pixel at each bound
   * @returns {string} "" or "?..."
   */
  function query(look, defaults, bounds, steps) {
    const parts = [];
    for (const name of ORDER) {
      if (look[name] === undefined || look[name] === null || text(look[name]) === text(defaults[name] ?? "")) continue;
      if (name === "field" && look.aggregate === "count") continue;
      if (name === "category" && look.aggregate !== "by") continue;
      parts.push(`${name}=${encodeURIComponent(text(look[name])).replaceAll("%2C", ",")}`);
    }
    if (bounds) parts.push(`bounds=${bounds.map((value, i) => rounded(value, steps[i])).join(",")}`);
    return parts.length ? `?${parts.join("&")}` : "";
  }

  /** ms within which changes of one kind, such as notches of a wheel, are one action. */
  const SERIES = 900;
  /** Counts what the user begins: what changes while the pointer is held is one drag, while the wheel is turned one turn. */
  let press = { count: 0, held: false };
  const begun = (held, more = {}) => (press = { count: press.count + 1, held, ...more });
  const listen = (name, told) => window.addEventListener(name, told, { capture: true, passive: true });
  listen("pointerdown", () => begun(true));
  listen("keydown", () => begun(false));
  for (const name of ["pointerup", "pointercancel"]) listen(name, () => (press.held = false));
  // By the time of the input: a busy page hears of a notch, and moves for it, late.
  listen("wheel", ({ timeStamp }) => {
    if (timeStamp - press.turned < SERIES) press.turned = timeStamp;
    else begun(true, { turned: timeStamp });
  });

  /** The address of a view, of which each action makes one entry of the browser's history. */
  class Address {
    constructor() {
      this.timer = 0;
      /** What made the entry that stands; none made the one that the page came with. */
      this.made = null;
    }

    /**
     * Write soon; the last of a quick series counts.
     * @param {string} search
     * @param {string} kind of the action: those of one kind that follow each other at once, or in one drag, are one
     */
    write(search, kind = "") {
      this.search = search;
      this.path = location.pathname;
      this.action = { kind, press: press.count, held: press.held, at: performance.now() };
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.flush(), 150);
    }

    /** Whether what is written belongs to the action that made the entry that stands. */
    goesOn() {
      const { made, action } = this;
      // How the page opened, in other words perhaps.
      if (action.kind === "open") return true;
      if (!made || made.kind !== action.kind) return false;
      return (action.press === made.press && action.held) || action.at - made.at < SERIES;
    }

    /** The history has moved: what was to be written is of another entry. */
    moved() {
      clearTimeout(this.timer);
      this.search = undefined;
      this.made = null;
    }

    /** Write now. */
    flush() {
      clearTimeout(this.timer);
      // Another page's address is not this view's to write.
      if (this.search === undefined || this.search === location.search || this.path !== location.pathname) return;
      history[this.goesOn() ? "replaceState" : "pushState"](history.state, "", location.pathname + this.search + location.hash);
      this.made = this.action;
    }

    remove() {
      clearTimeout(this.timer);
    }
  }

  /** What is known of a plot; of one that is read in another system, but not what its plane is. */
  function plotOf(info, name) {
    const [base, ...words] = name.split("~");
    const known = info.plots[base];
    return words.every((word) => /^(gap|jump)-/.test(word)) ? known : { ...known, crs: words[0] };
  }

  /**
   * The address of another plot with what the user has changed in this one and what still fits that.
   * @param {object} info as the page has it; `plots` tells of each plot's plane and fields
   * @param {string} plot
   * @param {string} search of the view that is left
   */
  function queryOfPlot(info, plot, search) {
    const [here, there] = [plotOf(info, info.plot), plotOf(info, plot)];
    const left = new URLSearchParams(search);
    const kept = new URLSearchParams({ plot });
    const sameMap = here.crs === there.crs && there.crs !== "plane";
    const [field, aggregate] = [left.get("field") ?? "", left.get("aggregate") ?? ""];
    const known = !field || there.fields.includes(field);
    for (const name of ORDER) {
      if (name === "plot" || !left.has(name)) continue;
      if (["basemap", "map_opacity", "labels"].includes(name) && there.crs === "plane") continue;
      if (["aggregate", "field", "category"].includes(name) && !(known && (field || aggregate === "count"))) continue;
      kept.set(name, left.get(name));
    }
    // A figure may have had other axes.
    if (sameMap && left.has("bounds") && !left.has("x") && !left.has("y")) kept.set("bounds", left.get("bounds"));
    return `?${String(kept).replaceAll("%2C", ",").replaceAll("%7E", "~")}`;
  }

  const root = document.documentElement.dataset.root || "";

  /** An address of the app as the browser must ask for it: under the path that the app is served under. */
  const at = (path) => root + path;

  Object.assign(board, { at, Address, addressQuery: query, queryOfPlot });
})();
