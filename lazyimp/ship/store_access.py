"""Opens an object store by its URL: which ones there are, and with whose credentials they are asked."""

from __future__ import annotations

import configparser
import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

from lazyimp.ship.errors import ShipError

SCHEMES = ("s3", "s3a", "gs", "az", "azure", "adl", "abfs", "abfss", "file")
AMAZON = ("s3", "s3a")
CREDENTIALS = {
    "s3": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or ~/.aws/credentials",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS",
    "az": "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
}
PROFILE_KEYS = (
    ("aws_access_key_id", "access_key_id"),
    ("aws_secret_access_key", "secret_access_key"),
    ("aws_session_token", "session_token"),
    ("region", "region"),
    ("endpoint_url", "endpoint"),
)


def parse_store(url: str) -> SplitResult:
    """The URL of a store; raises ShipError for what is none, before anything is asked."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError as error:
        raise ShipError(f"{url!r} is no store: {error}") from None
    if parts.password is not None or (parts.username and not parts.scheme.startswith("abfs")):
        raise ShipError("credentials in a store's address would be seen by everybody; export them instead")
    if parts.scheme == "memory":
        raise ShipError(
            "memory: is gone with this command, and no host can see it; use a folder, file:///..."
        )
    if parts.scheme not in SCHEMES or parts.query or parts.fragment:
        raise ShipError(f"{url!r} is no store; use s3://bucket/prefix, gs://, az:// or file:///folder")
    if parts.scheme == "file" and (host or not parts.path.strip("/")):
        raise ShipError(f"{url!r} names no folder; write file:///folder")
    if parts.scheme != "file" and not host:
        raise ShipError(f"{url!r} names no bucket; write {parts.scheme}://bucket/prefix")
    if any(part in (".", "..") for part in parts.path.split("/")):
        raise ShipError(f"{url!r}: a prefix may not hold . or ..")
    return parts


def open_store(url: str, environ: Mapping[str, str], within_s: float) -> Any:
    """obstore's store for `url`; nothing is asked yet. Raises ShipError."""
    parts = parse_store(url)
    try:
        from obstore.exceptions import BaseError
        from obstore.store import LocalStore, from_url
    except ImportError:
        raise ShipError("a store needs obstore: pip install 'lazyimp-runtime[store]'") from None
    try:
        if parts.scheme == "file":
            return LocalStore(parts.path, mkdir=True)
        config = amazon_config(environ) if parts.scheme in AMAZON else {}
        endpoint = config.get("endpoint") or environ.get("AWS_ENDPOINT_URL") or environ.get("AWS_ENDPOINT")
        options = {"connect_timeout": f"{within_s:g}s", "timeout": f"{within_s:g}s"}
        if (endpoint or "").startswith("http://"):
            options["allow_http"] = "true"  # requests are signed, and what comes back is checked
        make: Any = from_url  # attempts are ours, where they are counted: see Store
        return make(url, config=config, client_options=options, retry_config={"max_retries": 0})
    except (BaseError, OSError, ValueError) as error:
        raise ShipError(f"{url!r} cannot be used: {first_line(error)}; {way_in(parts.scheme)}") from None


def way_in(scheme: str) -> str:
    """Where credentials come from."""
    key = "s3" if scheme in AMAZON else "gs" if scheme == "gs" else "az"
    return "is the folder yours?" if scheme == "file" else f"credentials come from {CREDENTIALS[key]}"


def amazon_config(environ: Mapping[str, str]) -> dict[str, str]:
    """What the user's profile says, where the environment does not: obstore reads the environment alone."""
    config = {}
    if environ.get("AWS_ENDPOINT_URL_S3"):
        config["endpoint"] = environ["AWS_ENDPOINT_URL_S3"]
    home = environ.get("HOME") or os.path.expanduser("~")
    named = environ.get("AWS_PROFILE") or "default"
    files = (
        (environ.get("AWS_SHARED_CREDENTIALS_FILE") or os.path.join(home, ".aws", "credentials"), named),
        (
            environ.get("AWS_CONFIG_FILE") or os.path.join(home, ".aws", "config"),
            named if named == "default" else f"profile {named}",
        ),
    )
    for path, section in files:
        parser = configparser.RawConfigParser()
        try:
            parser.read(path, encoding="utf-8")
        except (configparser.Error, OSError, UnicodeDecodeError):
            continue
        for theirs, ours in PROFILE_KEYS if parser.has_section(section) else ():
            if parser.has_option(section, theirs) and not _is_set(ours, environ):
                config.setdefault(ours, parser.get(section, theirs))
    return config


def _is_set(name: str, environ: Mapping[str, str]) -> bool:
    if name in ("access_key_id", "secret_access_key", "session_token"):  # one set, never a mixture
        return bool(environ.get("AWS_ACCESS_KEY_ID"))
    names = {"region": ("AWS_REGION", "AWS_DEFAULT_REGION"), "endpoint": ("AWS_ENDPOINT_URL", "AWS_ENDPOINT")}
    return any(environ.get(each) for each in names[name])


def first_line(error: BaseException) -> str:
    """What a library says, without the details that follow."""
    return str(error).strip().partition("\n")[0][:300]
