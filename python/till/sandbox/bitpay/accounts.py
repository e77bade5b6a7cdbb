"""BitPay's createAccount: an application for a merchant account."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from decimal import Decimal

from till.sandbox.clock import iso
from till.sandbox.fields import Field, FieldError, boolean, check_fields, email, text

_USER = (
    Field("email", email, True),
    Field("firstName", text, True),
    Field("lastName", text, True),
    Field("phone", text, True),
    Field("agreedToTOSandPP", lambda value: _agreed(value), True),
)
_ORG = (
    *(Field(name, text, True) for name in ("name", "address1", "city", "state", "zip", "country")),
    Field("address2", text),
    Field("isNonProfit", boolean),
    *(Field(name, text) for name in ("usTaxId", "cartPos", "affiliateOid", "industry")),
)


def _agreed(value: object) -> str | None:
    # The sample sends the word in quotes, the reply shows the boolean.
    return None if value is True or value == "true" else "must be agreed to"


def _list_of_objects(value: object) -> str | None:
    good = isinstance(value, list) and value and all(isinstance(item, dict) for item in value)
    return None if good else "must be a list of objects"


FIELDS = (Field("users", _list_of_objects, True), Field("orgs", _list_of_objects, True))


def application(params: Mapping[str, object], now_ms: int) -> dict[str, object]:
    """The documented reply; `FieldError` when a user or an organisation is incomplete."""
    user, org = _first(params["users"], _USER), _first(params["orgs"], _ORG)
    return {
        "verificationCode": f"{Decimal(secrets.randbelow(10**16)) / 10**16:.16f}",
        "requiredTier": 0,
        "accountName": org["name"],
        "contactEmail": user["email"],
        "contactFirstName": user["firstName"],
        "contactLastName": user["lastName"],
        "contactPhone": user["phone"],
        "profileAddress1": org["address1"],
        "profileAddress2": org.get("address2", ""),
        "profileCity": org["city"],
        "profileState": org["state"],
        "profilePostalCode": org["zip"],
        "profileCountry": org["country"],
        "profileIndustry": org.get("industry", ""),
        "profileAgreedToTOSandPP": True,
        "updated": iso(now_ms),
        "requiresReview": False,
        "activated": False,
        "verified": False,
    }


def _first(value: object, fields: tuple[Field, ...]) -> Mapping[str, object]:
    if not isinstance(value, list):
        raise FieldError("must be a list")
    for item in value:
        check_fields(item, fields)
    return dict(value[0])
