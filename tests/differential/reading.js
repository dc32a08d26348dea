/** What the pages show, read as a user sees it. Each function is called by its name from the tests. */
window.differential = {
  /** Whether the Explorer has come to rest on an exact picture. */
  rested() {
    const view = window.stageboard?.explorer?.view;
    const state = document.querySelector(".explorer-state")?.textContent;
    const there = document.querySelector("#explorer-range-values")?.childElementCount === 2 && document.querySelector("#explorer-export")?.getAttribute("href");
    return Boolean(view?.drawn && state === "exact" && there && !window.stageboard.early && view.exact && !view.frame);
  },

  /** The picture's pixels, its scale, and all texts about it. */
  explorer() {
    const board = window.stageboard;
    const { map, view, info, look, axes } = board.explorer;
    const zoom = view.layer._tileZoom;
    const rect = board.viewPixels(map, zoom);
    const { palettes, basemaps, controls, ...facts } = info;
    const box = map.getContainer().getBoundingClientRect();
    const scale = view.shader.scale;
    return {
      z: zoom - 1, rect: [rect.x0, rect.x1, rect.y0, rect.y1], pixels: this.pixels(view.current(), rect), box: [box.left, box.top],
      info: facts, spec: view.spec, radius: view.drawn.radius, palette: look.palette.colours, colours: look.colours,
      lo: scale ? scale.lo : null, hi: scale ? scale.hi : null,
      export: document.querySelector("#explorer-export").getAttribute("href"),
      ...this.texts("explorer"),
      ticks: axes ? this.ticks(axes, map) : null,
    };
  },

  /** The numbers of a legend and of the range under its slider. */
  texts(page) {
    const all = (selector) => [...document.querySelectorAll(`#${page}-${selector}`)];
    return {
      legend: all("legend .legend-ticks span").map((one) => [one.textContent, parseFloat(one.style.left) / 100]),
      note: document.querySelector(`#${page}-legend .legend-opacity`)?.textContent ?? "",
      categories: all("legend .legend-categories li").map((one) => [one.textContent, getComputedStyle(one.querySelector("i")).backgroundColor]),
      range: all("range-values span").map((one) => one.textContent),
    };
  },

  /** Pixels of canvases of 512 pixels each that lie in a rectangle, RGBA, as base64. */
  pixels(tiles, rect) {
    const [width, height] = [rect.x1 - rect.x0, rect.y1 - rect.y0];
    const out = new Uint8ClampedArray(4 * width * height);
    for (const { canvas, coords } of tiles) {
      const [left, top] = [coords.x * 512 - rect.x0, coords.y * 512 - rect.y0];
      const [x0, x1] = [Math.max(0, left), Math.min(width, left + 512)];
      const [y0, y1] = [Math.max(0, top), Math.min(height, top + 512)];
      if (x0 >= x1 || y0 >= y1) continue;
      const found = canvas.getContext("2d").getImageData(x0 - left, y0 - top, x1 - x0, y1 - y0).data;
      const row = 4 * (x1 - x0);
      for (let y = y0; y < y1; y++) out.set(found.subarray((y - y0) * row, (y - y0 + 1) * row), 4 * (y * width + x0));
    }
    let text = "";
    for (let at = 0; at < out.length; at += 32768) text += String.fromCharCode(...out.subarray(at, at + 32768));
    return btoa(text);
  },

  /** The labels that the axes write, and where on the page's map. */
  ticks(axes, map) {
    const pen = axes.canvas.getContext("2d");
    const written = [];
    const write = pen.fillText;
    pen.fillText = function (text, x, y, most) {
      written.push({ text, x, y, align: pen.textAlign });
      write.call(pen, text, x, y, most);
    };
    axes.redraw();
    delete pen.fillText;
    const { x: width, y: height } = map.getSize();
    return {
      zoom: map.getZoom(), size: [width, height],
      x: written.filter((one) => one.align === "center").map((one) => [one.text, one.x]),
      y: written.filter((one) => one.align === "right" && one.x < 130).map((one) => [one.text, one.y]),
    };
  },

  /** Whether each place of the map, in pixels of it, is covered by nothing. */
  bare(places) {
    const container = window.stageboard.explorer.map.getContainer();
    const { left, top } = container.getBoundingClientRect();
    return places.map(([x, y]) => {
      const found = document.elementFromPoint(left + x, top + y);
      return Boolean(found && container.contains(found) && !found.closest(".leaflet-control"));
    });
  },

  /** When two frames have been painted. */
  frames: () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done)))),

  /** Whether the Figure shows an exact picture. */
  figureRested() {
    const shown = document.querySelector("#figure-stage")?.dataset.shown;
    return document.querySelector("#figure-state")?.textContent === "exact" && Boolean(shown && document.querySelector("#figure-export")?.getAttribute("href"));
  },

  figure(cmap) {
    const board = window.stageboard;
    const { palettes } = board;
    return {
      view: board.viewport.read(board.figure.plot()),
      src: document.querySelector("#figure-stage").dataset.shown,
      export: document.querySelector("#figure-export").getAttribute("href"),
      palette: board.palette(cmap, palettes[cmap], board.scheme()).colours,
      ...this.texts("figure"),
    };
  },
};
