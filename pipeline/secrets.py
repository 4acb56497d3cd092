"""Secrets within addresses: out of every text, and known to this process and to those that it starts alone."""

import base64
import json
import logging
import os
import re
from collections.abc import Iterator
from urllib.parse import quote, unquote

MASK = "***"
"""Stands where a secret was."""
KEPT = "VAE_SECRETS"
"""The variable of the environment that keeps secrets, which processes of any kind inherit and `ps` does not show."""
_NAMES = re.compile(
    r"passw|passphrase|pwd|token|secret|credential|signature|odbc_connect"
    r"|(?:api|access|account|private|shared|subscription)[_-]?key|(?:^|[_.-])(?:key|sig|auth|pass)(?:$|[_.-])",
    re.IGNORECASE,
)
_WHOLE = re.compile(r"[A-Za-z][\w+.-]*://[^\s@]*(?::[^@]*@)?\S*")
_COMMON = {
    *("pipeline", "python", "mlflow", "optuna", "keras", "hydra", "train", "test", "validation", "root", "admin"),
    *("tracking", "sweep", "storage", "model", "dataset", "resume", "postgres", "mysql", "password", "secret"),
}
"""Words of messages and paths: as a password one of them hides nothing, and without it no message is clear."""
_PARTS = re.compile(r"(?P<scheme>[A-Za-z][\w+.-]*:/{1,3})?(?P<place>[^?#]*)(?P<query>.*)", re.DOTALL)
_IN_TEXT = re.compile(r"[A-Za-z][\w+.-]*://[^\s'\"<>(){}\[\]]+")


def is_address(text: str) -> bool:
    """Tell whether a text is an address as a whole, rather than a sentence with addresses in it."""
    return _WHOLE.fullmatch(text) is not None


def has_secret(address: str) -> bool:
    """Tell whether an address has a secret written out in it, rather than as a reference such as `${oc.env:TOKEN}`."""
    return any(secret != MASK and "${" not in secret for secret in _divided(address)[1])


def hidden(address: str) -> str:
    """Return the address with `***` in the place of its secret, by which `revealed` knows it from now on."""
    shown, secrets = _divided(address)
    if any(secret != MASK for secret in secrets):
        os.environ[KEPT] = json.dumps(_kept() | {shown: address})
    return shown


def revealed(shown: str) -> str:
    """Return the address as `hidden` was given it, here or in the process that started this one; else as it is."""
    return _kept().get(shown, shown)


def masked(text: str) -> str:
    """Return a text without the secrets of addresses in it, and without any known secret, however it is written."""
    kept = _kept()
    for shown, address in kept.items():
        text = text.replace(address, shown)
    text = _IN_TEXT.sub(lambda found: _divided(found[0])[0], text)
    for written in sorted({each for address in kept.values() for each in _writings(address)}, key=len, reverse=True):
        # Within a longer word it is another word, but after \n of a text in quotes it is not.
        text = re.sub(rf"(?:(?<!\w)|(?<=\\[nrt])){re.escape(written)}(?!\w)", MASK, text)
    return text


class MaskedFormatter(logging.Formatter):
    """Writes what libraries log without the secrets of addresses."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a line of the log, with its traceback."""
        return masked(super().format(record))


def _kept() -> dict[str, str]:
    kept: dict[str, str] = json.loads(os.environ.get(KEPT) or "{}")
    return kept


def _divided(address: str) -> tuple[str, list[str]]:
    """Divide an address into the address without its secrets, and the secrets."""
    parts = _PARTS.fullmatch(address)
    assert parts, "it matches every text"
    scheme = parts["scheme"] or ""
    place = parts["place"]
    query = parts["query"]
    if "@" not in place and _is_no_place(place) and "@" in query:  # the secret itself has a ? or a #
        before, _, query = query.rpartition("@")
        place = f"{place}{before}@{query}"
        query = ""
    user, password, place = _user(scheme, place)
    secrets = [password] if password else []
    if scheme.startswith("http") and user and not password:  # then it is a token
        secrets = [user]
        user = MASK
    pairs = [_pair(each, secrets) for each in re.split("([?&;#])", query)]
    return f"{scheme}{user}{f':{MASK}' if password else ''}{place}{''.join(pairs)}", secrets


def _user(scheme: str, place: str) -> tuple[str, str, str]:
    """Divide the authority of an address into user, password and the rest."""
    if scheme.endswith(":///") and not scheme.startswith("http"):  # a file has no user
        return "", "", place
    authority, slash, path = place.partition("/")
    # A slash may be part of a secret: databases allow it, and of a server's address it is typed by mistake.
    if "@" in path and (not scheme.startswith("http") or ("@" not in authority and _is_no_place(authority))):
        authority = place
        slash = path = ""
    user, at, host = authority.rpartition("@")
    user, colon, password = user.partition(":")
    return user, password, f"{'' if password else colon}{at}{host}{slash}{path}"


def _is_no_place(authority: str) -> bool:
    """Tell whether what follows the colon of an authority is no port."""
    _, colon, port = authority.partition("/")[0].rpartition(":")
    return bool(colon) and not port.isdecimal()


def _pair(pair: str, secrets: list[str]) -> str:
    name, equals, value = pair.partition("=")
    if not value or not _NAMES.search(name):
        return pair
    secrets.append(value)
    return f"{name}{equals}{MASK}"


def _writings(address: str) -> Iterator[str]:
    """Iterate over the ways in which libraries write the secrets of an address."""
    shown, secrets = _divided(address)
    common = {*re.findall(r"\w+", shown), *_COMMON}
    for secret in secrets:
        plain = unquote(secret)
        yield from (each for each in (secret, plain, quote(plain, safe="")) if each not in common)
        # Whoever takes the first @ for the end of a password sees a host in the rest of it.
        yield from (part for part in re.split("[@/?#:]", plain) if len(part) > 3 and part not in common)
        user = unquote(shown.rpartition("://")[2].partition(":")[0])
        yield base64.b64encode(f"{user}:{plain}".encode()).decode()
