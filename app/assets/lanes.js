/**
 * Lanes: a view's word to the server on what it wants now, so that what it gave up is computed no further.
 *
 * A request says it in passing; where a change needs none, the lane says it by itself. Each view of each page has a name
 * of its own: a tab that is duplicated takes its session storage along, and the two must not end each other's work.
 */
(() => {
  "use strict";
  const board = (window.stageboard = window.stageboard || {});
  const MOMENT = 30; // ms in which a request may say it in passing

  class Lane {
    constructor() {
      const words = crypto.getRandomValues(new Uint32Array(4));
      this.name = Array.from(words, (word) => word.toString(36).padStart(7, "0")).join("");
      this.generation = this.told = 0;
      /** Requests that the server has not answered. */
      this.pending = 0;
      this.forget();
      addEventListener("pagehide", this);
    }

    forget() {
      Object.assign(this, { wish: "", spec: "", z: 0, rect: [0, 0, 0, 0] });
    }

    /**
     * Want the tiles of a rectangle, and nothing else.
     * @returns {boolean} whether that is something new
     */
    want(spec, z, rect) {
      const wish = `${spec} ${z} ${rect}`;
      if (wish === this.wish) return false;
      Object.assign(this, { wish, spec, z, rect });
      this.generation++;
      clearTimeout(this.timer);
      if (this.pending) this.timer = setTimeout(() => this.tell(`/lanes/${spec}/${z}`), MOMENT);
      return true;
    }

    /** Whether a tile is wanted. */
    holds(z, x, y) {
      const [x0, x1, y0, y1] = this.rect;
      return z === this.z && x >= x0 && x < x1 && y >= y0 && y < y1;
    }

    /** Name and generation, for a request that is sent now. */
    text() {
      this.told = this.generation;
      return `${this.name}.${this.generation}`;
    }

    /** The same after a change that no tiles describe. */
    next() {
      this.generation++;
      return this.text();
    }

    /** Count a request until it is answered. */
    async during(request) {
      this.pending++;
      try {
        return await request;
      } finally {
        this.pending--;
      }
    }

    tell(path) {
      clearTimeout(this.timer);
      if (this.told === this.generation) return;
      const headers = { "Stageboard-View": this.rect.join(","), "Stageboard-Lane": this.text() };
      // What cannot be told is computed to its end.
      fetch(board.at(path), { method: "POST", headers, keepalive: true }).catch(() => {});
    }

    /** The page is left, or its view: nothing is wanted any more. */
    handleEvent() {
      this.forget();
      this.generation++;
      if (this.pending) this.tell("/lanes");
      clearTimeout(this.timer);
    }

    remove() {
      removeEventListener("pagehide", this);
      this.handleEvent();
    }
  }

  Object.assign(board, { Lane });
})();
