"""Fixtures for the tests of a shop: a sandbox of all providers, gateways at it, payers, and signed webhooks.

They come with `pip install till[sandbox] pytest`; nothing needs to be imported or configured:

    def test_an_order_is_paid(till_gateway, till_payer):
        shop = till_gateway("openpay")
        payment = shop.payments.create(till.Money("150.00", "BZD"), reference="1234")
        till_payer.pay(payment)
        assert shop.payments.get(payment.id).status == "paid"

`till_sandbox` the running simulators · `till_gateway` opens accounts at them · `till_payer` pays, and does
what payers do · `till_webhooks` receives what they send · `till_signed_event` signs a webhook of any sender.
The classes here are the fixtures' types. docs/testing.md has the rest.
"""

from __future__ import annotations

from till.testing._events import SignedEvents
from till.testing._gateways import GatewayFactory
from till.testing._payer import Payer
from till.testing._webhooks import Message, WebhookBox

__all__ = ["GatewayFactory", "Message", "Payer", "SignedEvents", "WebhookBox"]
