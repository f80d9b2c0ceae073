"""What is sent to log in, to open an account and to change a password."""

from typing import Annotated

from pydantic import StringConstraints

from adapters.http.requests.fields import AccountField, RequestBody

PASSWORD_MIN, PASSWORD_MAX = 10, 200

NewPassword = Annotated[str, StringConstraints(min_length=PASSWORD_MIN, max_length=PASSWORD_MAX)]
"""Length is all that is asked of a password."""

SentPassword = Annotated[str, StringConstraints(max_length=PASSWORD_MAX)]


class LoginBody(RequestBody):
    """An account and its password."""

    account_id: AccountField
    password: SentPassword


class SignUpBody(RequestBody):
    """A name for a new account, and its password."""

    account_id: AccountField
    password: NewPassword


class ChangePasswordBody(RequestBody):
    """Another password; the present one is empty where there was none."""

    current_password: SentPassword = ""
    new_password: NewPassword


class SetPasswordBody(RequestBody):
    """Another password for somebody's account."""

    new_password: NewPassword
