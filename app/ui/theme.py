"""The look: one theme for Mantine, in light and dark. Colours outside Mantine's are variables in `assets/base.css`."""

from typing import Any, Final

EMBER: Final = (
    "#fff3e8", "#ffe3cc", "#ffc699", "#ffa662", "#ff8c38",
    "#fb7a1e", "#f06a0c", "#d9570a", "#bf4a08", "#9c3d0a",
)  # fmt: skip
SLATE: Final = (
    "#e3e6eb", "#b9bfc9", "#9aa2b0", "#7d8695", "#3c424e",
    "#2c313b", "#21252d", "#181b21", "#111318", "#0b0d11",
)  # fmt: skip

THEME: Final[dict[str, Any]] = {
    "colors": {"ember": EMBER, "dark": SLATE},
    "primaryColor": "ember",
    # Shade 8 under white text and shade 5 under black text both pass 4.5 to 1.
    "primaryShade": {"light": 8, "dark": 5},
    "autoContrast": True,
    "luminosityThreshold": 0.3,
    "black": "#15181d",
    "defaultRadius": "md",
    "cursorType": "pointer",
    "respectReducedMotion": True,
    "fontFamily": "Inter, system-ui, -apple-system, 'Segoe UI', sans-serif",
    "fontFamilyMonospace": "ui-monospace, 'SF Mono', Menlo, 'DejaVu Sans Mono', monospace",
    "headings": {"fontFamily": "inherit", "fontWeight": "680"},
}
