"""Why a server that is there cannot be talked to: it speaks TLS and we do not, or the other way round."""

import asyncio
import ssl

from adapters.event_stores.eventstoredb_client import Client, ClientError
from application.ports.event_store import StoreMisconfigured

_LOOK_TIMEOUT_S = 1.0


async def explained(client: Client, error: ClientError) -> None:
    """Raise :class:`StoreMisconfigured` if it is a matter of TLS that none of the addresses answered."""
    for target in client.named_targets:
        host, _, port = target.rpartition(":")
        hint = await _hint(host.strip("[]"), int(port), client) if port.isdigit() else None
        if hint is not None:
            raise StoreMisconfigured(f"EventStoreDB at {target}: {hint}") from error


async def _hint(host: str, port: int, client: Client) -> str | None:
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    speaks_tls = await _shakes_hands(host, port, trusting)
    if not client.encrypted:
        return "it speaks TLS; leave Tls=false out of its address" if speaks_tls is None else None
    if speaks_tls is not None:
        return "it does not speak TLS; add Tls=false to its address" if speaks_tls else None
    authority = client.root_certificates
    careful = ssl.create_default_context(cadata=authority.decode() if authority else None)
    refused = await _shakes_hands(host, port, careful)
    if refused is None or "CERTIFICATE_VERIFY_FAILED" not in refused:
        return None
    return (
        "its certificate is not from an authority that is known here, or is for another name "
        f"({_reason(refused)}); name the authority's certificate with tlsCaFile= in its address"
    )


async def _shakes_hands(host: str, port: int, context: ssl.SSLContext) -> str | None:
    """Return ``None`` after a handshake, why there was none, or nothing when nobody is there to tell."""
    context.set_alpn_protocols(["h2"])
    try:
        async with asyncio.timeout(_LOOK_TIMEOUT_S):
            _, writer = await asyncio.open_connection(host, port, ssl=context)
    except ssl.SSLError as error:
        return str(error) or "no TLS"
    except ConnectionResetError:
        return "no TLS"
    except (OSError, TimeoutError):
        return ""
    writer.transport.abort()
    return None


def _reason(refused: str) -> str:
    return refused.rpartition("failed: ")[2].partition(" (_ssl")[0]
