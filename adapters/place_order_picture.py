"""Draws the place-order saga into its document: ``python -m adapters.place_order_picture``."""

from pathlib import Path

from application.sagas.place_order import STEPS, TRANSITIONS, SagaState

PAGE = Path(__file__).parents[1] / "docs" / "place-order.md"
BEGIN, END = "```mermaid\n", "```\n"


def picture() -> str:
    """Return the states and every move between them as a Mermaid diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {SagaState.STARTED}"]
    lines += [
        f"    {state} --> {after}: {STEPS[state]}, {outcome}"
        for (state, outcome), after in TRANSITIONS.items()
    ]
    lines += [f"    {state} --> [*]" for state in SagaState if state not in STEPS]
    return "\n".join(lines)


def drawn(page: str) -> str:
    """Return the document with the picture as it is now."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{picture()}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(drawn(PAGE.read_text()))
