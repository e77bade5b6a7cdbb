"""`till_webhook_verify` of the C library, called as a host without Python would."""

from __future__ import annotations

import ctypes
import functools
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

BUILD = Path(os.environ.get("TILL_BUILD_DIR", Path(__file__).resolve().parents[3] / "build/dev"))
OK, CONFIGURATION, WEBHOOK_REJECTED = 0, 2, 14


@functools.cache
def library() -> ctypes.CDLL:
    """The C library of the build in TILL_BUILD_DIR, else in build/dev."""
    found = sorted(BUILD.glob("bindings/c/libtill.so"))
    assert found, f"{BUILD} holds no C library; run `make build` or set TILL_BUILD_DIR"
    loaded = ctypes.CDLL(str(found[0]))
    text, handle = ctypes.c_char_p, ctypes.c_void_p
    pointer = ctypes.POINTER(handle)
    loaded.till_webhook_verify.argtypes = [text, text, text, ctypes.c_size_t, pointer, pointer]
    loaded.till_error_json.argtypes = [handle, ctypes.c_void_p]
    loaded.till_error_json.restype = text
    loaded.till_error_free.argtypes = [handle]
    loaded.till_error_free.restype = None
    loaded.till_reply_free.argtypes = [handle]
    loaded.till_reply_free.restype = None
    return loaded


def verify(
    scheme: str, headers: Sequence[tuple[str, str]], body: bytes, secrets: Sequence[str], received_at: str
) -> tuple[int, dict[str, Any]]:
    """The status, and the error as JSON: empty when there is none."""
    request = json.dumps({"headers": headers, "secrets": secrets, "received_at": received_at})
    reply, error = ctypes.c_void_p(), ctypes.c_void_p()
    status = library().till_webhook_verify(
        scheme.encode(), request.encode(), body, len(body), ctypes.byref(reply), ctypes.byref(error)
    )
    told = json.loads(library().till_error_json(error, None)) if error else {}
    library().till_reply_free(reply)
    library().till_error_free(error)
    return status, told
