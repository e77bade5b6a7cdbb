"""Signing what a command sends: the scheme, the secret and the clock that the command line names."""

from __future__ import annotations

import argparse
import os
import time
from urllib.parse import urlsplit

import till
from till.cli import _webhook_files
from till.cli._account import shift
from till.cli._delivery import Message, Target
from till.cli._output import Failure

SECRET_VARIABLE = "TILL_WEBHOOK_SECRET"


def add_signing_options(parser: argparse.ArgumentParser, scheme_help: str) -> None:
    """Adds the options that `signer_from` reads."""
    signing = parser.add_argument_group("signing")
    signing.add_argument("--scheme", metavar="SCHEME", help=scheme_help)
    signing.add_argument(
        "--secret-file", metavar="FILE", help=f"a file with the secret; else ${SECRET_VARIABLE}"
    )
    signing.add_argument("--key-id", metavar="ID", help="the sender's name for the key")
    signing.add_argument("--url", help="the URL that is signed, where one is (default: that of --to)")
    signing.add_argument(
        "--clock-skew", metavar="SECONDS", type=shift, help="sign as if it were so much later, or earlier (-)"
    )
    signing.add_argument("--bad-signature", action="store_true", help="one bit of the signature is wrong")


def secret_from(options: argparse.Namespace) -> till.webhooks.Secret | None:
    """The secret of the file or of the environment."""
    text = (
        _webhook_files.secret(options.secret_file) if options.secret_file else os.environ.get(SECRET_VARIABLE)
    )
    return till.webhooks.Secret(text, id=options.key_id) if text is not None else None


class Signer:
    """Signs messages by one scheme. Nothing about it shows the secret."""

    def __init__(self, scheme: str, secret: till.webhooks.Secret | None, options: argparse.Namespace) -> None:
        self._scheme = _webhook_files.scheme(scheme)
        self._secret = secret
        self._url = options.url
        self._valid = not options.bad_signature
        self._skew = options.clock_skew

    def sign(self, message: Message, target: Target, *, id: str | None = None) -> Message:
        """The message with a signature of this moment, or of the skewed one."""
        url = self._url or target.url_of(message)
        at = None if self._skew is None else time.time() + self._skew
        if at is None and self._has_time():
            at = time.time()  # a recorded time is replaced
        made = till.webhooks.sign(
            self._scheme,
            message.body,
            self._secret,
            headers=message.headers,
            url=url,
            method=message.method,
            at=at,
            id=id,
            valid=self._valid,
        )
        query = urlsplit(made.url).query if made.url != url else message.query
        return Message(tuple(made.headers.items()), made.body, message.method, query)

    def _has_time(self) -> bool:
        """Whether the signed time stands in the headers, and not in what the caller alone writes."""
        freshness = _webhook_files.scheme_object(self._scheme).get("freshness")
        return isinstance(freshness, dict) and bool(freshness["from"].keys() & {"header", "field", "jws"})


def need_secret(what: str) -> Failure:
    """That a secret is missing, and where it goes."""
    return Failure(f"{what}: give the secret with --secret-file FILE or in ${SECRET_VARIABLE}")
