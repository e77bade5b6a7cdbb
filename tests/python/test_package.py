"""What `import till` gives, and what it costs."""

from __future__ import annotations

import statistics
import subprocess
import sys

import pytest

import till

ALIASES = {"EventState", "PaymentStatus"}


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, timeout=120, check=False
    )


def test_public_names_are_sorted_and_exist() -> None:
    assert till.__all__ == sorted(till.__all__)
    assert set(till.__all__) == set(till._HOMES)
    for name in till.__all__:
        assert getattr(till, name).__name__ == name or name in ALIASES
    assert set(till.__all__) <= set(dir(till))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Gatway'"):
        till.Gatway  # type: ignore[attr-defined]  # noqa: B018


def test_everything_public_has_a_docstring() -> None:
    for name in set(till.__all__) - ALIASES:
        item = getattr(till, name)
        assert item.__doc__, name
        for member, value in vars(item).items():
            if not member.startswith("_") and callable(value):
                assert value.__doc__, f"{name}.{member}"


def test_the_methods_have_the_signature_of_their_operation_and_the_type_of_its_result() -> None:
    import inspect

    from till import _payments, _refunds

    operation = inspect.signature(_payments.create)
    for noun in (_payments.Payments, _payments.AsyncPayments):
        (_, *parameters) = inspect.signature(noun.create).parameters.values()
        assert parameters == list(operation.parameters.values())
        assert noun.create.__doc__ == _payments.create.__doc__
    returned = {
        _payments.Payments.get: "Payment",
        _payments.Payments.list: "Page[Payment]",
        _payments.Payments.iterate: "Iterator[Payment]",
        _payments.AsyncPayments.get: "Coroutine[Any, Any, Payment]",
        _payments.AsyncPayments.iterate: "AsyncIterator[Payment]",
        _refunds.Refunds.create: "Refund",
    }
    for method, kind in returned.items():
        assert inspect.signature(method).return_annotation == kind


def test_help_of_a_gateways_method_shows_its_first_parameter(shop: till.Gateway) -> None:
    import inspect
    import pydoc

    for method in (shop.payments.get, shop.refunds.create):
        assert next(iter(inspect.signature(method).parameters)) == "payment_id"
        assert "(payment_id: " in pydoc.render_doc(method)
    assert "\nlist(*, since: " in pydoc.render_doc(shop.payments.list, renderer=pydoc.plaintext)


def test_importing_till_takes_less_than_60_ms() -> None:
    script = "import time; a = time.perf_counter(); import till; print(time.perf_counter() - a)"
    spent = [float(python("-c", script).stdout) * 1000 for _ in range(7)]
    print(f"import till: median {statistics.median(spent):.2f} ms, of {[round(one, 2) for one in spent]}")
    assert statistics.median(spent) < 60


def test_importing_till_loads_nothing_heavy() -> None:
    script = "import sys; before = set(sys.modules); import till; print(*sorted(set(sys.modules) - before))"
    assert python("-c", script).stdout.split() == ["till"]


def test_the_sandbox_works_without_the_compiled_core() -> None:
    script = (
        "import sys; sys.modules['till._native'] = None\n"
        "from till.sandbox import Sandbox\n"
        "with Sandbox() as sandbox: print('openpay' in sandbox.providers)\n"
        "import till\n"
        "try: till.Gateway\n"
        "except ImportError: print('no core')\n"
    )
    done = python("-c", script)
    assert done.stdout.splitlines() == ["True", "no core"], done.stderr
