"""See support/till_fixtures.py."""

from till_fixtures import bitpay, gateway, payer, runtime, sandbox, shop

__all__ = ["bitpay", "gateway", "payer", "runtime", "sandbox", "shop"]
