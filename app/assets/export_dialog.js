/** The dialog behind "Export PNG": how large, with what around the data, on which ground. */
(() => {
  "use strict";
  const board = (window.stageboard = window.stageboard || {});
  const KEY = "stageboard-export";
  const TIMES = [[1, "As seen"], [2, "Twice"], [4, "Fourfold"], [0, "Largest"]];
  const NAMES = { map: "Map", axes: "Axes, or the scale bar", legend: "Legend", title: "Title", attribution: "Attribution" };
  const make = (...given) => board.element(...given);

  /** What was chosen last. */
  function remembered() {
    const usual = { times: 1, map: true, axes: true, legend: true, title: true, attribution: true, ground: true };
    try {
      return { ...usual, ...JSON.parse(localStorage.getItem(KEY) || "{}") };
    } catch {
      return usual;
    }
  }

  function remember({ width, height, ...wish }) {
    try {
      localStorage.setItem(KEY, JSON.stringify(wish));
    } catch {
      // It is asked for again.
    }
  }

  function field(label, input, className = "export-field") {
    const shown = make("label", className);
    if (input.type === "checkbox" || input.type === "radio") shown.append(input, label);
    else shown.append(make("span", "", label), input);
    return shown;
  }

  class Dialog {
    /** @param {object} page the Explorer @param {string} plain the address of the data alone, as seen @param {string} name of the file */
    constructor(page, plain, name) {
      Object.assign(this, { page, plain, name, wish: remembered() });
      if (!page.base) this.wish.map = false;
      this.build();
      this.resize();
      document.body.append(this.box);
      this.box.showModal();
    }

    build() {
      this.box = make("dialog", "export-dialog");
      this.box.setAttribute("aria-labelledby", "export-title");
      const title = Object.assign(make("h2", "", "Export PNG"), { id: "export-title" });
      this.message = make("p", "export-message");
      this.message.setAttribute("role", "status");
      this.go = Object.assign(make("button", "button primary", "Download"), { type: "submit" });
      const cancel = Object.assign(make("button", "button", "Cancel"), { type: "button", onclick: () => this.box.close() });
      const alone = Object.assign(make("a", "export-alone", "The data alone, pixel for pixel as seen"), { href: this.plain, download: this.name, onclick: () => this.box.close() });
      const form = make("form", "", title, this.sizes(), this.parts(), this.grounds(), this.message, make("div", "export-actions", this.go, cancel), alone);
      form.noValidate = true;
      form.onsubmit = (event) => {
        event.preventDefault();
        this.run();
      };
      this.box.append(form);
      this.box.onclose = () => {
        this.stop?.abort();
        this.box.remove();
        document.getElementById("explorer-export")?.focus();
      };
      // A press beside it closes it.
      this.box.onclick = (event) => {
        if (event.target === this.box) this.box.close();
      };
    }

    sizes() {
      const { least, most } = board.pictureSides;
      this.buttons = TIMES.map(([times, label]) => Object.assign(make("button", "", label), { type: "button", value: String(times), onclick: () => this.choose({ times }) }));
      const side = (name) => Object.assign(make("input"), { type: "number", name, min: least, max: most, step: 1, required: true, oninput: () => this.choose({ times: null }) });
      [this.width, this.height] = [side("width"), side("height")];
      const sides = make("div", "export-sides", field("Width, px", this.width), field("Height, px", this.height));
      return make("fieldset", "", make("legend", "", "Size"), make("div", "export-times", ...this.buttons), sides);
    }

    parts() {
      const boxes = board.PICTURE_PARTS.filter((name) => name !== "map" || this.page.base).map((name) => {
        const label = name === "axes" ? (this.page.world.geographic ? "Scale bar" : "Axes") : NAMES[name];
        return field(label, Object.assign(make("input"), { type: "checkbox", name, checked: this.wish[name], onchange: ({ target }) => this.choose({ [name]: target.checked }) }), "export-check");
      });
      return make("fieldset", "export-parts", make("legend", "", "With"), ...boxes);
    }

    grounds() {
      const radio = (label, ground) => field(label, Object.assign(make("input"), { type: "radio", name: "ground", checked: this.wish.ground === ground, onchange: () => this.choose({ ground }) }), "export-check");
      return make("fieldset", "export-parts", make("legend", "", "Ground"), radio("As on the page", true), radio("Transparent", false));
    }

    choose(change) {
      Object.assign(this.wish, change);
      this.resize();
    }

    /** The largest picture of the shape that is seen. */
    largest() {
      const { most } = board.pictureSides;
      const sizeAt = (times) => board.pictureSizeFor(this.page, times, this.wish);
      // Whole zooms show just what is seen.
      let times = 1;
      while (times < 64 && Object.values(sizeAt(times * 2)).every((side) => side <= most)) times *= 2;
      return times;
    }

    /** Write the size that was chosen. */
    resize() {
      const { times } = this.wish;
      if (times !== null) {
        const { width, height } = board.pictureSizeFor(this.page, times || this.largest(), this.wish);
        [this.width.value, this.height.value] = [width, height];
      }
      for (const button of this.buttons) button.setAttribute("aria-pressed", String(times !== null && button.value === String(times)));
      this.say("");
    }

    say(text, failed = false) {
      this.message.textContent = text;
      this.message.toggleAttribute("data-failed", failed);
    }

    async run() {
      const wish = { ...this.wish, width: this.width.valueAsNumber, height: this.height.valueAsNumber };
      remember(this.wish);
      this.stop = new AbortController();
      this.go.disabled = true;
      try {
        const file = await board.composedFile(this.page, wish, this.stop.signal, (text) => this.say(text));
        save(file, this.name);
        this.box.close();
      } catch (error) {
        if (error.name === "AbortError") return;
        this.say(error instanceof board.PictureError || error.status ? error.message : "The picture could not be drawn: try again, or choose a smaller size.", true);
        if (!(error instanceof board.PictureError || error.status)) reportError(error);
      } finally {
        this.go.disabled = false;
      }
    }
  }

  /** Have the browser keep a file. */
  function save(file, name) {
    const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(file), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }

  /* With a modifier, and before the page is there, the link is a link. */
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("#explorer-export");
    if (!link || !board.explorer?.view.drawn || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    new Dialog(board.explorer, link.getAttribute("href"), link.download);
  });
})();
