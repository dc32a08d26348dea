/**
 * Unpacking beside the page, in a worker: while React is busy with a control, the tiles that it asks for are unpacked.
 * Until the worker has started, and where there is none, the page does it.
 */
(() => {
  "use strict";
  const board = (window.stageboard = window.stageboard || {});
  const address = document.currentScript?.dataset.worker;

  const unpacker = {
    ready: false,
    worker: null,
    asked: 0,
    /** What the worker has not answered yet, by number. */
    waiting: new Map(),

    /** Start the worker, once a page load. */
    start() {
      if (this.worker || !address || !window.Worker) return;
      this.worker = new Worker(address);
      this.worker.onmessage = ({ data }) => this.hear(data);
      this.worker.onerror = () => this.giveUp();
    },

    hear({ ready, id, tile, error }) {
      if (ready) this.ready = true;
      const one = this.waiting.get(id);
      if (!one) return;
      this.waiting.delete(id);
      if (tile) one.resolve(tile);
      else one.reject(new Error(error));
    },

    /** The page does what the worker was asked for. */
    giveUp() {
      this.ready = false;
      for (const { body, resolve } of this.waiting.values()) resolve(board.readTile(body));
      this.waiting.clear();
    },

    /** As `board.readTile`. */
    unpack(body) {
      if (!this.ready) return board.readTile(body);
      return new Promise((resolve, reject) => {
        const id = ++this.asked;
        this.waiting.set(id, { body, resolve, reject });
        this.worker.postMessage({ id, body });
      });
    },
  };

  Object.assign(board, { unpacker });
})();
