/** How a map of a plot is furnished, and where it opens. */
(() => {
  "use strict";
  const board = (window.stageboard = window.stageboard || {});

  /** What a map of a plot has: its zooms, and what stands in its corners. */
  function furnish(map, world) {
    map.setMinZoom(1).setMaxZoom(board.MAX_Z + 1);
    if (world.geographic) map.options.crs = board.openMercator();
    map.attributionControl?.setPrefix(false);
    if (world.geographic && !map.scaleBar) map.scaleBar = L.control.scale({ position: "bottomright", imperial: false }).addTo(map);
  }

  /** Where a plot opens: bounds in data units, and the room beside them. */
  function openingOf(info, world, opening = !info.bounds) {
    return [opening ? info.view : info.bounds, opening && !world.geographic ? board.axesRoom : null];
  }

  /** Go to the opening view, or to the bounds of the address. */
  function openView(map, world, info, opening) {
    const { center, zoom } = world.fit(map, ...openingOf(info, world, opening));
    map.setView(center, zoom, { animate: false });
  }

  Object.assign(board, { furnish, openingOf, openView });
})();
