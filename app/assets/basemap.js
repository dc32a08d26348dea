/**
 * What lies under the data of a geographic plot: coastlines, or tiles from the network with the coastlines to fall back on.
 */
(() => {
  "use strict";
  const board = (window.stageboard = window.stageboard || {});

  class BaseMap {
    /**
     * @param {L.Map} map
     * @param {HTMLElement} place whose style holds the colours
     * @param {Object<string, {title: string, url?: string, attribution?: string, max_zoom?: number, ground?: string}>} known
     * @param {(sentence: string) => void} tell shows a message
     */
    constructor(map, place, known, tell) {
      Object.assign(this, { map, place, known, tell });
      this.coast = new board.Coast(map, place);
      this.labels = new board.Labels(map, place);
      this.name = "";
    }

    /** Show a base map by name, at an opacity of 0 to 100, with or without names of places. */
    show(name, opacity, labels) {
      if (name !== this.name) this.change(name);
      for (const layer of [this.coast.layer, this.tiles]) if (layer) layer.setOpacity(opacity / 100);
      if (labels !== this.labels.shown) this.labels.show(labels);
      this.opacity = opacity;
    }

    /** Whether the ground under the data is dark or light. @returns {"dark"|"light"} */
    ground() {
      return groundOf(this.failed ? null : this.known[this.name]);
    }

    change(name) {
      this.name = name;
      this.failed = false;
      this.tiles?.remove();
      this.tiles = null;
      this.coast.layer.remove();
      const { url, attribution, max_zoom: maxNativeZoom, title } = this.known[name] || {};
      if (name === "coastlines") this.showCoast();
      if (!url) return;
      this.tiles = L.tileLayer(url, { attribution, maxNativeZoom, maxZoom: board.MAX_Z + 1, zIndex: 1, noWrap: true, className: "explorer-tiles" });
      this.tiles.once("tileerror", () => this.fallBack(title));
      this.tiles.addTo(this.map);
    }

    showCoast() {
      this.coast.layer.addTo(this.map);
    }

    fallBack(title) {
      if (!this.tiles) return;
      this.failed = true;
      this.tiles.remove();
      this.tiles = null;
      this.showCoast();
      this.coast.layer.setOpacity(this.opacity / 100);
      this.tell(`${title} could not be loaded from the network, so the built-in coastlines are shown instead.`);
      this.onFallBack?.();
    }

    /** Draw anew after the colour scheme changed. */
    refresh() {
      this.coast.refresh();
      this.labels.redraw();
    }

    remove() {
      this.tiles?.remove();
      this.coast.layer.remove();
      this.labels.remove();
    }
  }

  /** The colour scheme in force. @returns {"dark"|"light"} */
  board.scheme = () => (document.documentElement.getAttribute("data-mantine-color-scheme") === "dark" ? "dark" : "light");

  /** Whether the ground that a base map gives is dark or light. @returns {"dark"|"light"} */
  const groundOf = (basemap) => basemap?.ground || board.scheme();

  Object.assign(board, { BaseMap, groundOf });
})();
