"""The page about all providers, docs/providers.md, written from what a run of the suite found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from till.conformance.book import calls
from till.conformance.checks import CHECKS
from till.conformance.checks.absent import operations
from till.conformance.subject import Subject
from till.conformance.suite import Suite

_HEAD = """\
# Providers

What each provider that ships can do, cannot do and needs. This page is written by
`python -m till.conformance --plugins plugins/providers --write docs/providers.md` from a run of the
conformance suite against the sandbox, and a test fails when it differs from a fresh run: a *yes* was seen to
work, a *no* was seen to be refused before anything was sent.
"""

_CHECKED = {
    "capability": "every operation and native call works at the simulator, in whole flows",
    "absent": "what is missing is refused with its reason, and the service sees no request",
    "amount": "amounts arrive digit by digit",
    "state": "each word of the service for a state has its meaning; no other word means paid",
    "error": "each refusal has its class and says how far the request went",
    "reply": "replies of another shape end in a typed error and never make a payment paid",
    "write": "one key has one effect; what nobody answered is unknown and is not sent again",
    "list": "every payment is met once, page after page",
    "webhook": "a webhook is a hint: the payment is asked about, and a lie changes nothing",
    "secret": "no key and no card is seen in results, errors, logs, the store or the sandbox's records",
    "path": "whatever an id in an address holds, it stays one segment of it, or nothing is sent",
    "fixture": "the documented requests and replies, file by file",
}


def page(suite: Suite) -> str:
    """Runs whatever did not run yet, and returns the page's text."""
    subjects = [Subject(provider) for provider in suite.providers]
    parts = [_HEAD, "## Operations\n", _operations(suite, subjects), "## Cases that passed\n", _counts(suite)]
    for subject in subjects:
        parts.append("\n".join(_provider(subject)))
    return "\n".join(parts)


def _operations(suite: Suite, subjects: list[Subject]) -> str:
    names = [subject.manifest["name"] for subject in subjects]
    rows = [[f"`{one}`", *[_answer(suite, subject, one) for subject in subjects]] for one in operations()]
    return _table(["operation", *names], rows)


def _answer(suite: Suite, subject: Subject, operation: str) -> str:
    """`yes` or `no` where a case showed it, else `?`."""
    declared = operation in subject.manifest["capabilities"]
    items = [operation]
    if declared:
        items = [name for name, steps in subject.book.scenarios.items() if operation in calls(steps)]
    shown = [case for case in suite.cases_of(subject.provider) if case.item in items]
    if not shown or any(suite.run(case) is not None for case in shown):
        return "?"
    return "yes" if declared else f"[no](#{_anchor(subject.manifest['name'])})"


def _counts(suite: Suite) -> str:
    rows = []
    for check in CHECKS:
        counts = [_count(suite, provider, check) for provider in suite.providers]
        rows.append([check, _CHECKED[check], *counts])
    names = [Subject(provider).manifest["name"] for provider in suite.providers]
    return _table(["check", "what it shows", *names], rows)


def _count(suite: Suite, provider: str, check: str) -> str:
    outcomes = [suite.run(case) for case in suite.cases_of(provider) if case.check == check]
    failed = sum(outcome is not None for outcome in outcomes)
    return f"{len(outcomes)}" if not failed else f"{len(outcomes) - failed}, **{failed} failed**"


def _provider(subject: Subject) -> Iterator[str]:
    manifest = subject.manifest
    yield f"## {manifest['name']}\n\n{manifest['summary']}\n"
    yield f"- Id: `{manifest['id']}`, version {manifest['version']}"
    yield f"- Currencies: {', '.join(manifest['currencies']) or 'whatever the service takes'}"
    yield f"- Modes: {'; '.join(_mode(*pair) for pair in manifest['modes'].items())}"
    yield f"- Webhooks: {_webhooks(manifest)}"
    yield f"- Following a payment: {_watching(manifest)}"
    yield f"- Repeated writes: {_idempotency(manifest)}"
    yield f"- More: [README](../plugins/providers/{manifest['id']}/README.md)\n"
    yield "### What it cannot do\n"
    yield from [f"- `{name}`: {reason}" for name, reason in manifest.get("absent", {}).items()]
    yield "\n### Settings\n"
    yield _settings(manifest["settings"])
    yield "### Native calls\n"
    yield from [f"- `{name}`: {call.get('summary', '')}" for name, call in manifest.get("native", {}).items()]
    yield ""


def _mode(name: str, mode: dict[str, Any]) -> str:
    place = f"<{mode['base_url']}>" if mode.get("base_url") else "`base_url` must be given"
    return f"`{name}` {place}{', no real money' if mode.get('test') else ''}"


def _webhooks(manifest: dict[str, Any]) -> str:
    declared = manifest.get("webhooks")
    if not declared:
        return str(manifest.get("absent", {}).get("webhooks.receive", "received"))
    events = ", ".join(f"`{event}`" for event in declared["events"])
    signed = f"signed where `{declared['secret']}` is given" if declared.get("signed") else "unsigned"
    reason = f" {declared['reason']}" if declared.get("reason") else ""
    return f"{signed}: {events}.{reason}"


def _watching(manifest: dict[str, Any]) -> str:
    if "payments.watch" in manifest["capabilities"]:
        return "the service tells of changes on a stream of events"
    return "by asking with growing pauses, for the service documents no stream of events"


def _idempotency(manifest: dict[str, Any]) -> str:
    declared = manifest.get("idempotency")
    if not declared:
        return "the service knows no key, so a write that was sent is never sent again"
    return f"the service knows the key in `{declared['header']}`, so a write may be sent again with it"


def _settings(schema: dict[str, Any]) -> str:
    rows = []
    for name, setting in schema.get("properties", {}).items():
        marks = ["required"] if name in schema.get("required", []) else []
        marks += ["secret"] if setting.get("secret") else []
        marks += [f"one of {', '.join(map(str, setting['enum']))}"] if "enum" in setting else []
        marks += [f"default {str(setting['default']).lower()}"] if "default" in setting else []
        rows.append([f"`{name}`", ", ".join(marks), setting.get("description", setting.get("title", ""))])
    return _table(["setting", "", "what it is"], rows)


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(_cell(cell) for cell in line) + " |\n" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _anchor(name: str) -> str:
    return name.lower().replace(" ", "-")
