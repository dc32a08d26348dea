"""The same actions in a real browser, against Panel, Dash, dash-extensions, and Stageboard itself."""
