"""Which of the data folder's keys a command signs with."""

from adapters.cli.failures import Failure
from adapters.data_folder import DataFolder, HeldKey

TRADE = "trade"


def key_for(folder: DataFolder, account: str) -> HeldKey:
    """Return the latest key of an account. Raises :class:`Failure` if there is none here."""
    key = folder.key_of(account)
    if key is None:
        raise Failure(
            "no_key",
            f"there is no key of {account} in {folder.path}",
            details=f"make one: presage keys create {account}",
        )
    return key


def trading_key(folder: DataFolder, account: str | None) -> HeldKey:
    """Return the key of a trader: of ``account``, or of the one trader that has a key here."""
    if account is not None:
        return key_for(folder, account)
    operator = folder.operator()
    keys = [key for key in folder.held_keys() if TRADE in key.scopes and key != operator]
    accounts = sorted({key.account_id for key in keys})
    if not accounts:
        raise Failure(
            "no_key",
            f"there is no trader's key in {folder.path}",
            details="make one: presage keys create NAME",
        )
    if len(accounts) > 1:
        raise Failure(
            "account_needed", "say whose order it is with --account", details=f"one of {', '.join(accounts)}"
        )
    return keys[-1]
