"""The data folder: what lies in it beside the log, and whether it can be used at all.

``keys/`` holds the private keys made here, each beside a note of whose it is; ``operator.json`` names the
operator's; ``server.json`` says where a running server answers; ``webhooks.key`` signs notices;
``metrics.token`` lets monitoring in.
"""

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from secrets import token_urlsafe
from stat import S_ISLNK
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

OURS = {
    "keys",
    "operator.json",
    "server.json",
    "checkpoints.json",
    "checkpoints.new",
    "lock",
    "webhooks.key",
    "metrics.token",
}
UNFINISHED = ".unfinished"
"""At the end of the name of what is being copied here, until all of it is there."""

TOKEN_CHARACTERS_MIN = 16
"""The shortest token of monitoring: a shorter one could be guessed."""

_DATABASES = ("log.db", "read.db")
_BESIDE = ("snapshots.db", "notices.db", "measurements.db")


class UnusableFolder(Exception):
    """The data folder cannot be used as it is; the message names the file and says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldKey:
    """A key whose private half lies in the folder."""

    key_id: str
    account_id: str
    scopes: tuple[str, ...]
    private_key_path: Path
    strict: bool = False

    def read(self) -> bytes:
        """Return the private key in PEM."""
        try:
            return self.private_key_path.read_bytes()
        except OSError as error:
            raise UnusableFolder(
                f"{self.private_key_path}: the private key cannot be read ({error.strerror})"
            ) from error

    def document(self) -> dict[str, str]:
        """Return the key as commands print it."""
        return {"key_id": self.key_id, "private_key_path": str(self.private_key_path)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Which exchange runs on which folder: what a server has to prove before anybody speaks to it.

    ``exchange`` is when it was founded; ``folder`` tells the folder from every copy of it.
    """

    exchange: str
    folder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningServer:
    """Where a server says that it answers, and who it says it is."""

    url: str
    identity: Identity


class DataFolder:
    """A data folder. Nothing in it is touched before something is asked of it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._keys = path / "keys"
        self._operator = path / "operator.json"
        self._server = path / "server.json"

    # ---------------------------------------------------------------------------------- the whole

    def refuse_unfinished(self) -> None:
        """Raise :class:`UnusableFolder` if an import into the folder was begun and not ended."""
        for name in sorted(_names(self.path)):
            if name.endswith(UNFINISHED):
                raise UnusableFolder(
                    f"{self.path / name}: an import into this folder did not come to its end; run "
                    "`presage import` again"
                )

    def prepare(self, *, log_here: bool, importing: bool = False) -> None:
        """Make the folder if it is not there; only an import may go on with what an import left.

        Raises :class:`UnusableFolder` for one that belongs to something else, or that has lost its log.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            names = sorted(entry.name for entry in self.path.iterdir())
        except OSError as error:
            raise UnusableFolder(f"{self.path}: cannot be used as data folder ({error.strerror})") from error
        if not importing:
            self.refuse_unfinished()
        if not log_here or "log.db" in names:
            self._keep_private()
            return
        for name in names:
            if name.startswith((".", "log.db")) or name.endswith(UNFINISHED):
                continue
            if name not in OURS and not name.startswith((*_DATABASES, *_BESIDE)):
                raise UnusableFolder(
                    f"{self.path / name}: not a file of Presage, and {self.path / 'log.db'} is missing; "
                    "choose an empty folder"
                )
            if name.startswith(_DATABASES) or name == "operator.json":
                raise UnusableFolder(
                    f"{self.path / 'log.db'}: missing, though {name} is here; put the log back, "
                    "or choose an empty folder"
                )

    def _keep_private(self) -> None:
        """Let nobody else look into a folder that was made by an older version, nor at what is in it.

        Only what is this user's can be made private, and nothing that only points elsewhere is followed.
        """
        for path in (self.path, *self.path.rglob("*")):
            with suppress(FileNotFoundError):
                found = path.lstat()
                if found.st_uid == os.getuid() and not S_ISLNK(found.st_mode) and found.st_mode & 0o077:
                    path.chmod(found.st_mode & 0o700)

    # ----------------------------------------------------------------------------------- the keys

    def held_keys(self) -> Sequence[HeldKey]:
        """Return the keys made here, oldest first."""
        notes = sorted(self._keys.glob("*.json"), key=lambda note: (note.stat().st_mtime_ns, note.name))
        return [self._read_key(note) for note in notes]

    def key_of(self, account_id: str) -> HeldKey | None:
        """Return the latest key of an account."""
        return next((key for key in reversed(self.held_keys()) if key.account_id == account_id), None)

    def key(self, key_id: str) -> HeldKey | None:
        """Return a key by its id."""
        note = self._keys / f"{key_id}.json"
        return self._read_key(note) if note.name in _names(self._keys) else None

    def keep_key(
        self, key_id: str, *, account_id: str, scopes: Sequence[str], private_pem: str, strict: bool = False
    ) -> HeldKey:
        """Write a private key so that only this user can read it, and note whose it is."""
        self._keys.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._keys / f"{key_id}.pem"
        _write(path, private_pem)
        note = {"key_id": key_id, "account_id": account_id, "scopes": list(scopes), "strict": strict}
        _write(path.with_suffix(".json"), json.dumps(note))
        return HeldKey(
            key_id=key_id,
            account_id=account_id,
            scopes=tuple(scopes),
            private_key_path=path.absolute(),
            strict=strict,
        )

    def forget_key(self, key_id: str) -> None:
        """Remove a private key."""
        for suffix in (".json", ".pem"):
            (self._keys / f"{key_id}{suffix}").unlink(missing_ok=True)

    def operator(self) -> HeldKey | None:
        """Return the operator's key, ``None`` if there is none here."""
        document = _read(self._operator)
        return None if document is None else self.key(str(document.get("key_id")))

    def appoint_operator(self, key: HeldKey) -> None:
        """Note which key is the operator's."""
        _write(self._operator, json.dumps({"key_id": key.key_id}))

    def webhook_key(self) -> Ed25519PrivateKey:
        """Return what notices are signed with; it is made when it is first asked for."""
        path = self.path / "webhooks.key"
        try:
            key = load_pem_private_key(path.read_bytes(), password=None)
        except FileNotFoundError:
            key = Ed25519PrivateKey.generate()
            pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            _write(path, pem.decode())
        except OSError as error:
            raise UnusableFolder(f"{path}: cannot be read ({error.strerror})") from error
        except ValueError:
            raise _damaged(path) from None
        if not isinstance(key, Ed25519PrivateKey):
            raise _damaged(path)
        return key

    def metrics_token(self) -> str:
        """Return the token by which monitoring is let in; it is made when it is first asked for."""
        path = self.path / "metrics.token"
        try:
            token = path.read_text().strip()
        except FileNotFoundError:
            token = token_urlsafe(32)
            _write(path, f"{token}\n")
        except OSError as error:
            raise UnusableFolder(f"{path}: cannot be read ({error.strerror})") from error
        except ValueError:
            raise _damaged(path) from None
        if len(token) < TOKEN_CHARACTERS_MIN or not token.isascii():
            raise _damaged(path)
        return token

    def _read_key(self, note: Path) -> HeldKey:
        document = _read(note) or {}
        try:
            return HeldKey(
                key_id=str(document["key_id"]),
                account_id=str(document["account_id"]),
                scopes=tuple(map(str, document["scopes"])),
                private_key_path=note.with_suffix(".pem").absolute(),
                strict=bool(document.get("strict", False)),
            )
        except (KeyError, TypeError):
            raise _damaged(note) from None

    # --------------------------------------------------------------------------------- the server

    def identity(self, exchange: str) -> Identity:
        """Return what an exchange on this folder is known by. A copy of the folder is another one."""
        found = self.path.stat()
        folder = sha256(f"{found.st_dev} {found.st_ino}".encode()).hexdigest()[:32]
        return Identity(exchange=exchange, folder=folder)

    def server(self) -> RunningServer | None:
        """Return the server that said it runs on this very folder. Whether it does is for it to prove."""
        document = _read(self._server)
        if document is None:
            return None
        try:
            said = Identity(exchange=str(document["exchange"]), folder=str(document["folder"]))
            server = RunningServer(url=str(document["url"]), identity=said)
        except (KeyError, TypeError):
            # Older programs said no more than where they answered.
            return None
        return server if said == self.identity(said.exchange) else None

    def announce(self, url: str, identity: Identity) -> None:
        """Say where this process answers, and who it is."""
        _write(self._server, json.dumps({"url": url, **asdict(identity)}))

    def withdraw(self) -> None:
        """Say that this process no longer answers."""
        self._server.unlink(missing_ok=True)


def _names(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()} if folder.is_dir() else set()


def _read(path: Path) -> dict[str, Any] | None:
    """Return a JSON object from a file, ``None`` if there is no such file."""
    try:
        document = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UnusableFolder(f"{path}: cannot be read ({error.strerror})") from error
    except ValueError:
        raise _damaged(path) from None
    if not isinstance(document, dict):
        raise _damaged(path)
    return document


def _damaged(path: Path) -> UnusableFolder:
    return UnusableFolder(f"{path}: damaged; delete the file and try again")


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all, for its owner's eyes only."""
    beside = path.with_name(f"{path.name}.new")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
