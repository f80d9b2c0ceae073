"""Where recorded order flow lies, for the tests that need it; it is not part of this repository."""

import os
from pathlib import Path

import pytest

FOLDER = Path(os.environ.get("PRESAGE_RECORDINGS") or Path(__file__).parents[3] / "shared" / "data")


def recorded_files(pattern: str) -> list[Path]:
    """Return the recorded files that match, or skip the test where there are none."""
    files = sorted(FOLDER.glob(pattern))
    if not files:
        pytest.skip(f"no recorded data: nothing matches {pattern} in the folder PRESAGE_RECORDINGS names")
    return files
