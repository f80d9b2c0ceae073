"""Up to which share of its rates a load was borne."""

from collections.abc import Sequence
from typing import Any

from adapters.load.running import Outcome


class Steps:
    """A profile at one scale after the other, from the smallest on; all but the last were borne."""

    def __init__(self, outcomes: Sequence[Outcome]) -> None:
        self._outcomes = outcomes

    @property
    def held_up_to(self) -> float | None:
        """The largest scale at which all that is promised was held."""
        return max((each.plan.scale for each in self._outcomes if each.held), default=None)

    @property
    def sentence(self) -> str:
        """What was found."""
        last, up_to = self._outcomes[-1], self.held_up_to
        held = "at none of them" if up_to is None else f"up to {up_to:g} of its rate"
        told = f"{last.plan.profile.about}: all service levels were held {held}"
        if last.held:
            return told
        if not last.generated:
            return f"{told}; this machine could not make {last.plan.scale:g} of it"
        broken = "; ".join(f"{each.promise} ({each.found})" for each in last.verdicts if not each.held)
        return f"{told}; broken at {last.plan.scale:g}: {broken}"

    def table(self) -> str:
        """Return what was found at each scale, as a table in Markdown."""
        head = "| of its rate | orders/s, requests/s | orders p50 | p99 | sent late, p99 | service levels |"
        return "\n".join([head, "|---|---|---|---|---|---|", *map(_row, self._outcomes)])

    def document(self) -> dict[str, Any]:
        """Return what was found as JSON."""
        return {
            "profile": self._outcomes[0].plan.name,
            "duration_s": self._outcomes[0].plan.duration_s,
            "held_up_to": self.held_up_to,
            "told": self.sentence,
            "steps": [
                {
                    "scale": each.plan.scale,
                    "held": each.held,
                    "kept_up": each.generated,
                    "orders_ms": each.found.percentiles_ms(("order",)),
                    "verdicts": [
                        {"promise": verdict.promise, "found": verdict.found, "held": verdict.held}
                        for verdict in each.verdicts
                    ],
                }
                for each in self._outcomes
            ],
        }


def _row(outcome: Outcome) -> str:
    profile, scale = outcome.plan.profile, outcome.plan.scale
    orders = outcome.found.percentiles_ms(("order",))
    p50, p99 = (f"{orders[each]:,.4g} ms" if orders else "none" for each in ("p50", "p99"))
    broken = ", ".join(each.promise for each in outcome.verdicts if not each.held)
    judged = "all held" if not broken else f"broken: {broken}"
    rates = (
        f"{scale * profile.orders_per_s:,.0f}, {scale * (profile.orders_per_s + profile.reads_per_s):,.0f}"
    )
    told = judged if outcome.generated else "this machine could not make it"
    return f"| {scale:g} | {rates} | {p50} | {p99} | {outcome.late_ms:,.0f} ms | {told} |"
