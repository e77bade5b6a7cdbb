"""Strict local simulators of payment services, for tests, demos and trying things out.

Written from the services' documentation and independent of the rest of `till`, so that both can only
agree by both being right. `Sandbox` is the way in; README.md beside this file has the rest.
"""

from __future__ import annotations

from till.sandbox.clock import Clock
from till.sandbox.control import Control, ControlFailed
from till.sandbox.sandbox import PROVIDERS, Provider, Sandbox

__all__ = ["PROVIDERS", "Clock", "Control", "ControlFailed", "Provider", "Sandbox"]
