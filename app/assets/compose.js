/** A picture of the Explorer's view as a file: drawn part by part on one canvas, with what it shows in its text chunks. */
(() => {
  "use strict";
  const board = (window.stageboard = window.stageboard || {});
  const NARROW = 32; // pixels of data, below which a picture shows none
  const PARTS = ["map", "axes", "legend", "title", "attribution"];

  /** What the legend of a view needs. */
  function legendOf(page, scale = null) {
    const { look } = page;
    const field = page.field();
    return { by: look.aggregate === "by" && Boolean(field), field, look, category: look.category, scale };
  }

  const layoutOf = (pen, page, wish) => board.pictureFrame.layoutOf(pen, wish, wish, legendOf(page), page.world.geographic);

  /** The size of a picture whose data are so many times as large as what is seen, with its parts around them. */
  function sizeFor(page, times, wish) {
    const pen = document.createElement("canvas").getContext("2d");
    const seen = page.map.getSize();
    const wanted = { width: Math.round(seen.x * times), height: Math.round(seen.y * times) };
    let size = wanted;
    // The parts grow with the picture, so that a few rounds settle both.
    for (let round = 0; round < 8; round++) {
      const { data } = layoutOf(pen, page, { ...wish, ...size });
      size = { width: size.width + wanted.width - data.width, height: size.height + wanted.height - data.height };
    }
    return size;
  }

  function checked({ width, height }) {
    const { least, most } = board.pictureSides;
    for (const side of [width, height]) {
      if (!(Number.isInteger(side) && side >= least && side <= most)) throw new board.PictureError(`A side of ${side || "no"} pixels is not possible: choose whole numbers from ${least} to ${board.format.full(most)}.`);
    }
  }

  /** The page's colours, and what lies under the data. */
  function inkOf(page) {
    const style = getComputedStyle(page.place);
    const colours = board.pageColours(page.place);
    return { ...colours, style, ground: getComputedStyle(page.place.querySelector(".explorer-view")).backgroundColor };
  }

  /** Draw what lies within a rectangle, and nothing beyond. */
  async function within(pen, { left, top, width, height }, draw) {
    pen.save();
    pen.beginPath();
    pen.rect(left, top, width, height);
    pen.clip();
    const found = await draw();
    pen.restore();
    return found;
  }

  const titleOf = ({ about, title }) => (about.title === title ? title : `${about.title} · ${title}`);

  /** Whose the data and the map are, in one line. */
  function attributionOf({ about }, whose) {
    const data = [about.source, about.licence].filter(Boolean).join(", ");
    return [data && `Data: ${data}`, whose && `Map: ${whose}`, "Drawn with Stageboard"].filter(Boolean).join(" · ");
  }

  /** What a picture says of itself in its file. */
  function textsOf(page, picture, attribution) {
    const { info } = page;
    const rows = picture.rows();
    const count = (value, what) => `${value.toLocaleString("en-GB")} ${value === 1 ? "row" : "rows"} ${what}`;
    const counts = [count(info.rows, "in the plot"), ...(info.dropped ? [count(info.dropped, "left out: no place on its plane")] : []), ...(rows === null ? [] : [count(rows, "in this picture")])];
    return { Title: titleOf(info), Source: location.origin + location.pathname + page.query(), Rows: counts.join("; "), Copyright: attribution, Software: "Stageboard", "Creation Time": new Date().toUTCString() };
  }

  /**
   * Draw a picture.
   * @param {object} page the Explorer
   * @param {{width: number, height: number, map: boolean, axes: boolean, legend: boolean, title: boolean, attribution: boolean, ground: boolean}} wish
   * @param {AbortSignal} signal
   * @param {function(string): void} tell how far it is
   * @returns {Promise<{canvas: HTMLCanvasElement, picture: Picture, data: object, texts: Object<string, string>}>}
   */
  async function compose(page, wish, signal, tell) {
    checked(wish);
    await Promise.all(["400", "600", "660"].map((weight) => document.fonts.load(`${weight} 12px Inter`)));
    const canvas = Object.assign(document.createElement("canvas"), { width: wish.width, height: wish.height });
    const pen = canvas.getContext("2d");
    const place = layoutOf(pen, page, wish);
    const { data, unit } = place;
    if (data.width < NARROW || data.height < NARROW) throw new board.PictureError("Title, axes and legend leave no room for the data: choose a larger size, or leave some out.");
    const picture = new board.Picture(page, data);
    await picture.fetch(signal, (done, all) => tell(`Fetching the data: ${done} of ${all} tiles`));
    tell("Drawing");
    const ink = inkOf(page);
    if (wish.ground) {
      pen.fillStyle = ink.surface;
      pen.fillRect(0, 0, wish.width, wish.height);
      pen.fillStyle = ink.ground;
      pen.fillRect(data.left, data.top, data.width, data.height);
    }
    const mapped = wish.map && page.base;
    const whose = mapped ? await within(pen, data, () => board.pictureMap.drawUnder(pen, picture, data, unit, page)) : "";
    picture.paintOn(pen, data.left, data.top);
    if (mapped && page.look.labels) await board.pictureMap.drawNames(pen, picture, data, unit, page.place);
    signal?.throwIfAborted();
    const { frame = board.pictureFrame, info } = page;
    if (wish.axes && page.world.geographic) board.pictureMap.drawScaleBar(pen, picture, data, unit, ink.style);
    else if (wish.axes) frame.drawAxes(pen, picture, place, ink);
    if (wish.title) frame.drawTitle(pen, titleOf(info), place, ink);
    if (wish.legend) frame.drawLegend(pen, legendOf(page, picture.shader.scale), place, ink);
    const attribution = attributionOf(info, whose);
    if (wish.attribution) frame.drawAttribution(pen, attribution, place, ink);
    return { canvas, picture, data, texts: textsOf(page, picture, attribution) };
  }

  /** Draw a picture, and return its file. @returns {Promise<Blob>} */
  async function composedFile(page, wish, signal, tell) {
    const { canvas, texts } = await compose(page, wish, signal, tell);
    const plain = await new Promise((done) => canvas.toBlob(done, "image/png"));
    if (!plain) throw new board.PictureError("The browser cannot make a picture of this size: choose a smaller one.");
    return board.pngWithTexts(new Uint8Array(await plain.arrayBuffer()), texts);
  }

  Object.assign(board, { compose, composedFile, pictureSizeFor: sizeFor, PICTURE_PARTS: PARTS });
})();
