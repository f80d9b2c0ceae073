"""A saga that another instance may be carrying out is left to it for a while, and then ended."""

import pytest

from application.sagas import courtesy
from application.sagas.courtesy import OthersMayBeBusy
from domain.identifiers import OrderId

ORDER = OrderId("o")


async def test_a_saga_is_ended_only_when_it_was_left_alone_for_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    may_be_busy = OthersMayBeBusy(lambda _: False)
    assert may_be_busy(ORDER)
    assert may_be_busy(ORDER)
    monkeypatch.setattr(courtesy, "GRACE_S", 0.0)
    assert not OthersMayBeBusy(lambda _: False)(ORDER)


async def test_what_is_carried_out_here_is_never_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(courtesy, "GRACE_S", 0.0)
    assert OthersMayBeBusy(lambda _: True)(ORDER)
