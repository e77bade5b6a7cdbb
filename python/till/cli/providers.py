"""`till providers`: which there are, what each can do, and what it needs."""

from __future__ import annotations

import argparse
import textwrap
from typing import Any

import till
from till.cli._output import OK, print_json, table


def add(commands: Any) -> None:
    """Adds the command to the parser."""
    parser = commands.add_parser("providers", help="list providers; show what one can do and needs")
    parser.set_defaults(run=_list)
    parser.add_argument("--json", action="store_true", help="print JSON")
    actions = parser.add_subparsers(metavar="ACTION")
    listing = actions.add_parser("list", help="list them (the default)")
    listing.add_argument("--json", action="store_true", help="print JSON", default=argparse.SUPPRESS)
    listing.set_defaults(run=_list)
    show = actions.add_parser("show", help="what one can do, what it cannot and why, and its settings")
    show.add_argument("provider", metavar="PROVIDER")
    show.add_argument(
        "--json", action="store_true", help="print its whole manifest", default=argparse.SUPPRESS
    )
    show.set_defaults(run=_show)


def _list(options: argparse.Namespace) -> int:
    runtime = till.Runtime(store="memory")
    described = [_described(runtime, provider) for provider in runtime.providers()]
    if options.json:
        print_json(described)
    else:
        rows = [
            [one["id"], one["version"] or "", one["name"] or "", one["summary"] or one["problem"] or ""]
            for one in described
        ]
        print(table(["Provider", "Version", "Name", "Summary"], rows))
        print("\nMore about one: till providers show PROVIDER")
    return OK


def _described(runtime: till.Runtime, provider: str) -> dict[str, Any]:
    try:
        manifest = runtime.describe(provider)
    except till.PluginError as error:
        return {"id": provider, "version": None, "name": None, "summary": None, "problem": str(error)}
    kept = {name: manifest.get(name) for name in ("id", "version", "name", "summary")}
    return {**kept, "problem": None}


def _show(options: argparse.Namespace) -> int:
    manifest = till.Runtime(store="memory").describe(options.provider)
    if options.json:
        print_json(manifest)
    else:
        print("\n\n".join(_sections(manifest)))
    return OK


def _sections(manifest: dict[str, Any]) -> list[str]:
    head = f"{manifest['name']} ({manifest['id']} {manifest['version']})\n{manifest['summary']}"
    links = [manifest.get("homepage") or "", *manifest.get("documentation", [])]
    sections = [head + "".join(f"\n{link}" for link in dict.fromkeys(links) if link)]
    sections.append("Can do\n" + _wrapped(", ".join(manifest["capabilities"])))
    if manifest.get("native"):
        lines = [_item(name, call.get("summary", "")) for name, call in manifest["native"].items()]
        sections.append("Native calls\n" + "\n".join(lines))
    if manifest.get("absent"):
        sections.append("Cannot do\n" + "\n".join(_item(*pair) for pair in manifest["absent"].items()))
    if manifest.get("webhooks"):
        sections.append("Webhooks\n" + _webhooks(manifest["webhooks"]))
    sections.append("Settings\n" + "\n".join(_settings(manifest["settings"])))
    sections.append("Modes\n" + "\n".join(_mode(manifest, *pair) for pair in manifest["modes"].items()))
    if manifest.get("currencies"):
        sections.append("Currencies\n" + _wrapped(", ".join(manifest["currencies"])))
    return sections


def _webhooks(declared: dict[str, Any]) -> str:
    signed = _signed(declared) if declared.get("signed") else f"Not signed. {declared.get('reason', '')}"
    return "\n".join([_wrapped(signed), *[_item(*pair) for pair in declared["events"].items()]])


def _signed(declared: dict[str, Any]) -> str:
    scheme = declared["scheme"]
    named = scheme if isinstance(scheme, str) else scheme.get("name")
    how = f"by the scheme {named}" if named else f"as `{scheme['setting']}` says"
    return (
        f"Signed {how}, verified with `{declared['secret']}`. Without that secret a webhook is a hint, and "
        f"the payment is asked for. {declared.get('reason', '')}"
    )


def _settings(schema: dict[str, Any]) -> list[str]:
    required = schema.get("required", [])
    lines = []
    for name, setting in schema.get("properties", {}).items():
        marks = ["required" if name in required else "optional"]
        marks += ["secret"] if setting.get("secret") else []
        marks += [f"one of {', '.join(map(str, setting['enum']))}"] if "enum" in setting else []
        marks += [f"default {setting['default']}"] if "default" in setting else []
        lines.append(f"  {name} ({', '.join(marks)})")
        lines.append(_wrapped(f"{setting.get('title', name)}. {setting.get('description', '')}", "      "))
    return lines or ["  none"]


def _mode(manifest: dict[str, Any], name: str, mode: dict[str, Any]) -> str:
    marks = [mode.get("base_url") or "base_url must be given"]
    marks += ["no real money"] if mode.get("test") else []
    marks += ["default"] if manifest["default_mode"] == name else []
    return f"  {name}: {', '.join(marks)}"


def _item(name: str, text: str) -> str:
    return f"  {name}\n{_wrapped(text, '      ')}"


def _wrapped(text: str, indent: str = "  ") -> str:
    return textwrap.fill(
        text.strip(), 100, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
    )
