/** How a script moves Panel's page: the value of a widget's model, and the plot's ranges as its own box zoom sets them. */
window.peer = (() => {
  "use strict";
  const model = (fits) => [...(window.Bokeh?.documents[0]?._all_models.values() ?? [])].find(fits);
  const figure = () => model((one) => one.type === "Figure");
  const plot = () => figure() && Bokeh.index.find_one(figure());
  return {
    area() {
      const view = plot();
      if (!view?.frame) return null;
      const { left, top, width, height } = view.frame.bbox;
      const at = view.el.getBoundingClientRect();
      return new DOMRect(at.x + left, at.y + top, width, height);
    },
    layers: () => [...plot().canvas_view.el.shadowRoot.querySelectorAll("canvas")],
    set(name, value) {
      const widget = model((one) => one.title?.toLowerCase() === name);
      const option = widget.options?.find((one) => Array.isArray(one) && one[1] === value);
      widget.value = option ? option[0] : value;
    },
    jump([x0, x1, y0, y1]) {
      const { x_range, y_range } = figure();
      plot().update_range({ xrs: new Map([[x_range, { start: x0, end: x1 }]]), yrs: new Map([[y_range, { start: y0, end: y1 }]]) });
      plot().trigger_ranges_update_event();
    },
  };
})();
