"""Tells files that hold secrets by their name or their first bytes; such files never travel unless they are named."""

from __future__ import annotations

import re

NAMES = (
    ".env", ".env.*", "*.pem", "*.key", "*.p12", "*.pfx", "*.keystore", "*.jks", "id_rsa*", "id_dsa*", "id_ecdsa*",
    "id_ed25519*", ".netrc", "_netrc", ".pypirc", ".npmrc", ".pgpass", ".htpasswd", "credentials", "credentials.json",
    "client_secret*.json", "service-account*.json", "*.tfstate", "secrets.y*ml", "secrets.toml", ".git-credentials",
)  # fmt: skip
PUBLIC = ("*.pub", ".env.example", ".env.sample", ".env.template", "cacert.pem", "ca-bundle.pem")
FOLDERS = (".aws", ".ssh", ".gnupg", ".azure", ".kube", ".docker", ".config/gcloud")
# What the issuers of keys begin them with, and the frame of a private key; first what stands in each of them.
TEXTS = (
    (b"PRIVATE KEY", rb"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----", "a private key"),
    (b"AKIA", rb"\bAKIA[0-9A-Z]{16}\b", "an AWS access key"),
    (b"gh", rb"\bgh[pousr]_[A-Za-z0-9]{36,}\b", "a GitHub token"),
    (b"glpat-", rb"\bglpat-[A-Za-z0-9_-]{20,}\b", "a GitLab token"),
    (b"hf_", rb"\bhf_[A-Za-z0-9]{30,}\b", "a Hugging Face token"),
    (b"sk-", rb"\bsk-(?:proj-|ant-)?[A-Za-z0-9_-]{32,}\b", "an API key"),
    (b"xox", rb"\bxox[abprs]-[A-Za-z0-9-]{20,}\b", "a Slack token"),
    (b"AIza", rb"\bAIza[0-9A-Za-z_-]{35}\b", "a Google API key"),
    (b"pypi-AgEI", rb"\bpypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,}", "a PyPI token"),
)
LOOK_BYTES = 1 << 20
START_BYTES = 4096  # a zero among these: no text


def secret_name(name: str) -> str:
    """Why a file of that relative name is a secret, or ""."""
    parts = name.split("/")
    last = parts[-1].lower()
    if any(_is_like(last, each) for each in PUBLIC):
        return ""
    for folder in FOLDERS:
        if f"/{folder}/" in f"/{name}":
            return f"it lies in {folder}"
    found = next((each for each in NAMES if _is_like(last, each)), "")
    return f"its name is like {found}" if found else ""


def _is_like(name: str, pattern: str) -> bool:
    """The name is the pattern's, in which a star stands for anything."""
    start, star, end = pattern.partition("*")
    if not star:
        return name == pattern
    return len(name) >= len(start) + len(end) and name.startswith(start) and name.endswith(end)


def secret_text(path: str) -> str:
    """What secret the beginning of a text file holds, whatever its name, or "" (also where it cannot be read)."""
    try:
        with open(path, "rb") as file:
            text = file.read(START_BYTES)
            text += file.read(LOOK_BYTES - START_BYTES) if text and b"\0" not in text else b""
    except OSError:
        return ""
    if b"\0" in text[:START_BYTES]:
        return ""
    return next((what for sign, pattern, what in TEXTS if sign in text and re.search(pattern, text)), "")
