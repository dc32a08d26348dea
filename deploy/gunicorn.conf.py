"""The process model of ``python -m app`` for gunicorn's own command: ``gunicorn -c deploy/gunicorn.conf.py``.

Everything is set by ``STAGEBOARD_<NAME>`` in the environment or in ``.env``; gunicorn's own flags, where given, win.
"""

from app.serving import configured

_crew = configured()
_host = _crew.settings.host

wsgi_app = "app.serving:application()"
bind = f"[{_host}]:{_crew.settings.port}" if ":" in _host else f"{_host}:{_crew.settings.port}"
globals().update(_crew.options())
