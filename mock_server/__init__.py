"""A server that keeps every promise of the coSPEC contract, for when there is none at hand.

`python -m mock_server` starts it; `running()` runs it inside a Python program.
"""

from mock_server.hosting import running

__all__ = ["running"]
