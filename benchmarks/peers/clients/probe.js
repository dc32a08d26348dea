/**
 * From an action to changed pixels: once a frame, when the frame has been painted, the plot's layers are drawn to a
 * scratch canvas of half their size, at their place and opacity, and a sum of its pixels is kept. The time of a change
 * is that of the first frame that shows it. It needs `window.peer`: where the plot is, and its layers.
 */
(() => {
  "use strict";
  const HALF = 0.5;
  const scratch = document.createElement("canvas");
  const pen = scratch.getContext("2d", { willReadFrequently: true });
  const changes = [];
  let last = null;
  let started = 0;

  function opacity(layer) {
    let all = 1;
    for (let one = layer; one; one = one.parentElement ?? one.getRootNode().host) all *= Number(getComputedStyle(one).opacity);
    return all;
  }

  function draw(area) {
    [scratch.width, scratch.height] = [Math.round(area.width * HALF), Math.round(area.height * HALF)];
    pen.imageSmoothingEnabled = false;
    for (const layer of peer.layers()) {
      const at = layer.getBoundingClientRect();
      if (!at.width || at.right <= area.left || at.left >= area.right || at.bottom <= area.top || at.top >= area.bottom) continue;
      pen.globalAlpha = opacity(layer);
      pen.drawImage(layer, (at.left - area.left) * HALF, (at.top - area.top) * HALF, at.width * HALF, at.height * HALF);
    }
  }

  /** A sum of what is drawn; null where nothing is. */
  function sum() {
    const area = peer.area();
    if (!area?.width) return null;
    try {
      draw(area);
    } catch (error) {
      if (error.name === "InvalidStateError") return null; // a layer without a picture yet
      throw error;
    }
    let hash = 0;
    let filled = 0;
    for (const word of new Uint32Array(pen.getImageData(0, 0, scratch.width, scratch.height).data.buffer)) {
      hash = (Math.imul(hash, 31) + word) | 0;
      filled |= word & 0xffffff;
    }
    return filled ? hash : null;
  }

  const channel = new MessageChannel();
  channel.port1.onmessage = () => {
    const now = performance.now();
    const found = sum();
    if (found !== null && found !== last) {
      last = found;
      changes.push(now);
    }
  };
  function frame() {
    channel.port2.postMessage(0); // handled when this frame has been painted
    requestAnimationFrame(frame);
  }
  requestAnimationFrame(frame);

  window.probe = {
    /** Run an action and note its time. */
    act(run) {
      changes.length = 0;
      started = performance.now();
      run();
    },
    /** Note the time of the next event of a kind, which a real device sends. */
    await(kind) {
      changes.length = 0;
      started = Infinity;
      addEventListener(kind, (event) => (started = event.timeStamp), { capture: true, once: true });
    },
    /** Milliseconds to the first and to the last change, once nothing has changed for `quiet` ms; null before. */
    settled(quiet) {
      const after = changes.filter((at) => at > started);
      if (!after.length || performance.now() - after.at(-1) < quiet) return null;
      return [after[0] - started, after.at(-1) - started, after.length];
    },
    size: () => [peer.area().width, peer.area().height],
    drawn: () => last,
  };
})();
