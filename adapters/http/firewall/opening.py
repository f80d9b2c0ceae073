"""Opens the firewall that the settings name."""

from dataclasses import dataclass
from pathlib import Path

from starlette.middleware import Middleware
from starlette.types import Scope

from adapters.http.answers.problems import Problem
from adapters.http.callers.authentication import Authenticator
from adapters.http.firewall.firewall import WebApplicationFirewall
from adapters.http.firewall.rules import read_rules, usual_rules
from adapters.http.firewall.screened import Screened
from application.health import Health

OFF, ON, LOG = "off", "on", "log"


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """A firewall, and whether it refuses what it finds or only tells."""

    firewall: WebApplicationFirewall
    acts: bool

    def middleware(self, authenticator: Authenticator, health: Health) -> Middleware:
        """Return what every request passes."""

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

        return Middleware(Screened, firewall=self.firewall, health=health, knows=knows, acts=self.acts)


def open_screen(wanted: str) -> Screen | None:
    """Open the firewall with the usual rules (``on``, or ``log`` to refuse nothing), with a file's, or none.

    Raises :class:`adapters.rule_files.UnusableRules`.
    """
    if wanted == OFF:
        return None
    rules = usual_rules() if wanted in (ON, LOG) else read_rules(Path(wanted))
    return Screen(firewall=WebApplicationFirewall(rules), acts=wanted != LOG)
