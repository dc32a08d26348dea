"""The engine inside Dash's callback model: values stay on the server, and what travels is a signed token.

`Serverside` hands out tokens for stages that it runs; `StageBackend` keeps whatever a callback of dash-extensions
returns. Tokens of both are bound to the session that they were made for, and any worker honours them.
"""

from app.serverside.backend import StageBackend, StageTransform
from app.serverside.outputs import Given, Names, Recipe, Serverside, current

__all__ = ["Given", "Names", "Recipe", "Serverside", "StageBackend", "StageTransform", "current"]
