"""How every answer beside the API is made: HTML pages under a strict policy, JSON, QR codes."""

from __future__ import annotations

import io
import secrets
from pathlib import Path

import jinja2
import segno
from starlette.responses import Response

from till.sandbox import wire

_PAGES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "pages"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(template: str, status: int, **values: object) -> Response:
    """An HTML page that may load nothing and run only what carries its nonce."""
    nonce = secrets.token_urlsafe(16)
    html = _PAGES.get_template(template).render(nonce=nonce, **values)
    policy = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; "
        "img-src data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    headers = {
        "content-security-policy": policy,
        "cache-control": "no-store",
        "referrer-policy": "same-origin",
        "x-content-type-options": "nosniff",
    }
    return Response(html, status, headers, "text/html")


def json_answer(status: int, body: object) -> Response:
    """A JSON answer with exact numbers."""
    return Response(wire.write(body), status, media_type="application/json")


def qr_svg(text: str) -> str:
    """The code as an inline drawing without a fixed size, so that the page's style decides."""
    svg: str = segno.make(text, error="m", micro=False).svg_inline(border=0, omitsize=True, dark="#10243e")
    return svg


def qr_png(text: str) -> Response:
    """The code as a picture."""
    out = io.BytesIO()
    segno.make(text, micro=False).save(out, kind="png", scale=8, border=4)
    return Response(out.getvalue(), media_type="image/png")
