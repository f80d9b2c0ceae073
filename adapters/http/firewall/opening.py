"""Opens the firewall that the settings name."""

from dataclasses import dataclass
from pathlib import Path

from starlette.types import Scope

from adapters.http.answers.problems import Problem
from adapters.http.callers.authentication import Authenticator
from adapters.http.firewall.firewall import WAF
from adapters.http.firewall.rules import read_rules, usual_rules
from adapters.http.firewall.screened import Screening
from application.health import Health

OFF, ON, LOG = "off", "on", "log"


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """A firewall, and whether it refuses what it finds or only tells."""

    firewall: WAF
    acts: bool

    def screening(self, authenticator: Authenticator, health: Health) -> Screening:
        """Return what looks at requests and says which are refused."""

        async def knows(scope: Scope) -> bool:
            try:
                claim = await authenticator.claim(dict(scope["headers"]))
                if claim.key.strict:
                    authenticator.verify_strictly(
                        claim, scope["method"], scope["raw_path"], query=scope["query_string"], body=b""
                    )
                else:
                    authenticator.verify(claim, scope["method"], scope["raw_path"])
            except Problem:
                return False
            return True

        return Screening(self.firewall, health, knows, acts=self.acts)


def open_screen(wanted: str) -> Screen | None:
    """Open the firewall with the usual rules (``on``, or ``log`` to refuse nothing), with a file's, or none.

    Raises :class:`adapters.rule_files.UnusableRules`.
    """
    if wanted == OFF:
        return None
    rules = usual_rules() if wanted in (ON, LOG) else read_rules(Path(wanted))
    return Screen(firewall=WAF(rules), acts=wanted != LOG)
