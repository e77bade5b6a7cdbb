"""From a request to an action and back: credentials, verbs, parameters, errors."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from typing import TYPE_CHECKING

from till.sandbox.call import Answer, Call
from till.sandbox.fields import FieldError, check_fields
from till.sandbox.forumpay import parameters
from till.sandbox.forumpay.actions import ACTIONS, Refused
from till.sandbox.forumpay.payments import NotNow

if TYPE_CHECKING:
    from till.sandbox.forumpay import ForumPay

_PATH = re.compile(r"/pay/v2/([A-Za-z]+)/", re.ASCII)
_VERBS = {"StartPayment": ("GET", "POST"), "RequestKyc": ("POST",)}  # POST is the maker's client's way
_DENIED = "Invalid API key or authentication failed"  # the text of the documented sample


class Api:
    """Answers everything below `/pay/v2/`."""

    def __init__(self, merchant: ForumPay) -> None:
        self._merchant = merchant

    def answer(self, call: Call) -> Answer:
        """The reply to any request."""
        if "authorization" not in call.headers:
            # The maker's client sends its first request without, and waits for this.
            challenge = {"www-authenticate": 'Basic realm="API", charset="UTF-8"'}
            return Answer(401, {"err": _DENIED}, challenge)
        try:
            return Answer(200, self._result(call))
        except Refused as refusal:
            return self._error(refusal.status, str(refusal))
        except (FieldError, NotNow) as error:
            return self._error(400, str(error))

    def _result(self, call: Call) -> object:
        if not self._may_enter(call.headers["authorization"]):
            raise Refused(_DENIED, 401)
        found = _PATH.fullmatch(call.path)
        action = found.group(1) if found else ""
        documented = parameters.documented(action, maker=self._merchant.maker)
        if documented is None or call.method not in _VERBS.get(action, ("GET",)):
            raise Refused("Invalid endpoint", 404)
        given = parameters.given(call)
        check_fields(given, documented)
        return ACTIONS[action](self._merchant, given)

    def _may_enter(self, authorization: str) -> bool:
        scheme, _, encoded = authorization.partition(" ")
        try:
            entered = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            return False
        wanted = f"{self._merchant.username}:{self._merchant.api_key}".encode()
        return scheme.lower() == "basic" and hmac.compare_digest(entered, wanted)

    def _error(self, status: int, message: str) -> Answer:
        if not self._merchant.options["errors_with_status_200"]:
            return Answer(status, {"err": message})
        # Here the maker's client takes words as codes; beside any other status it wants numbers.
        more = {"err_code": f"error{status}", "additional": None} if self._merchant.maker else {}
        return Answer(200, {"err": message, **more})
