"""The conformance suite: the same checks for every provider, against its simulator.

What differs between providers is data (`providers/<id>.json`: how to reach each state, which words the
service has); nothing here knows one of them by name. README.md tells what is checked, and how a provider
joins.

>>> from till.conformance import Suite
>>> with Suite(["openpay"]) as suite:
...     [suite.run(case) for case in suite.cases() if case.check == "absent" and case.item == "rates.get"]
[None]
"""

from __future__ import annotations

from till.conformance.case import Case, Problem
from till.conformance.suite import Suite, providers

__all__ = ["Case", "Problem", "Suite", "providers"]
