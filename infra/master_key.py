"""Where the master key comes from: the setting, or a file of our own in embedded mode."""

import os
import secrets
from pathlib import Path

from infra.settings import BadSettings, Settings
from schemas.keyring import KEY_BYTES, MasterKey

FILE = "master.key"


def master_key(settings: Settings) -> MasterKey:
    """The key that wraps the subjects' keys. Raises `BadSettings`."""
    return MasterKey(bytes.fromhex(master_key_text(settings)))


def master_key_text(settings: Settings) -> str:
    """The key in hexadecimal digits, as MASTER_KEY takes it. Raises `BadSettings`.

    Without DATABASE_URL one is made at the first start and kept beside the database, readable by its owner only.
    """
    if settings.master_key is not None:
        return settings.master_key
    if settings.database_url is not None:
        raise BadSettings(
            "MASTER_KEY is required beside DATABASE_URL: it wraps the keys of personal data, and every process of the "
            "system needs the same. Make one with: openssl rand -hex 32"
        )
    return _kept(settings.jobstream_home / FILE)


def _kept(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(f".{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(KEY_BYTES).hex().encode())
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(fresh, path)  # fails if there is one: of two first starts one key counts
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
    return path.read_text()
