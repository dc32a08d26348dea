/** What the Explorer's panel does beside its controls: copying the address, and the colours of the colormaps to choose from. */
(() => {
  "use strict";
  const board = (window.stageboard = window.stageboard || {});
  const clientside = (window.dash_clientside = window.dash_clientside || {});

  Object.assign((clientside.explorer = clientside.explorer || {}), {
    /** Copy the address of the view. */
    async share(clicks) {
      if (!clicks || !board.explorer) return;
      board.explorer.write();
      board.explorer.address.flush();
      const label = document.getElementById("explorer-share-label");
      const copied = await board.copyText(location.href);
      label.textContent = copied ? "Link copied" : "Copy the address bar";
      setTimeout(() => label.isConnected && (label.textContent = "Copy link to this view"), 2000);
    },
  });

  /** Show the extent of all rows, those too that the opening view leaves out. */
  function showAll(page) {
    page.begin("all");
    page.opening = false;
    page.settling = true;
    board.openView(page.map, page.world, { view: page.info.whole }, true);
    page.settling = false;
    page.view.schedule();
    page.write("all");
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest?.("#explorer-all") && board.explorer) showAll(board.explorer);
  });

  /** Options of the colormap select, each with its colours as they would be used now. */
  const functions = (window.dashMantineFunctions = window.dashMantineFunctions || {});
  functions.explorerColormap = ({ option }) => {
    const ground = board.explorer?.base?.ground() || board.scheme();
    const text = board.palettes?.[option.value];
    const style = text ? { backgroundImage: board.palette(option.value, text, ground).css } : {};
    return React.createElement("span", { className: "cmap-option" }, React.createElement("span", null, option.label), React.createElement("i", { style }));
  };
})();
