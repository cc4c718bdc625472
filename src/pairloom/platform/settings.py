"""What all processes of one platform know: its folder, its addresses, its account and region.

The supervisor writes them into the folder once ports are known; the other processes read them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from pairloom.errors import UserError
from pairloom.platform.local_host import local_url

DEFAULT_FOLDER: Final = Path(".pairloom")
DEFAULT_PORT: Final = 8190
DEFAULT_REGION: Final = "us-east-1"
DEFAULT_ACCOUNT_ID: Final = "111122223333"  # the account that AWS's own documentation uses
DEFAULT_ROLE: Final = "PairloomExecutionRole"
DEFAULT_DESCRIBE_PATIENCE_SECONDS: Final = 15.0
SETTINGS_FILE: Final = "settings.json"

_ACCOUNT_ID = re.compile(r"[0-9]{12}")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformSettings:
    """One platform.

    Attributes
    ----------
    folder
        Holds all that the platform keeps.
    host, port
        Where the API listens; port 0 is not yet chosen.
    s3_endpoint
        URL of the object store; empty while the embedded one has no port yet.
    database
        SQLAlchemy's URL of the store; empty for the SQLite file in the folder.
    account_id, region, role
        What names of resources are made of.
    scheme
        `http`, or `https` where the API has TLS files.
    ray_address
        `host:port` of the Ray that jobs of several instances join; empty: each starts its own.
    describe_patience_seconds
        How long DescribeTrainingJob may wait for the end of a young job; 0 never waits.
    """

    folder: Path = DEFAULT_FOLDER
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    s3_endpoint: str = ""
    database: str = ""
    account_id: str = DEFAULT_ACCOUNT_ID
    region: str = DEFAULT_REGION
    role: str = DEFAULT_ROLE
    scheme: str = "http"
    ray_address: str = ""
    describe_patience_seconds: float = DEFAULT_DESCRIBE_PATIENCE_SECONDS

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise UserError(f"port is {self.port}; must be from 0 to 65535")
        if not _ACCOUNT_ID.fullmatch(self.account_id):
            raise UserError(f"account id is {self.account_id!r}; must be 12 digits")
        if not _REGION.fullmatch(self.region):
            raise UserError(f"region is {self.region!r}; must be named like us-east-1")

    @property
    def api_endpoint(self) -> str:
        """URL of the API, for clients on this machine."""
        return local_url(self.scheme, self.host, self.port)

    @property
    def database_url(self) -> str:
        return self.database or f"sqlite:///{self.folder.absolute() / 'platform.sqlite'}"

    @property
    def keys_file(self) -> Path:
        return self.folder / "keys.json"

    @property
    def jobs_folder(self) -> Path:
        return self.folder / "jobs"

    @property
    def transforms_folder(self) -> Path:
        """Holds a folder for each transform job."""
        return self.folder / "transforms"

    @property
    def endpoints_folder(self) -> Path:
        return self.folder / "endpoints"

    @property
    def capture_folder(self) -> Path:
        return self.folder / "capture"

    @property
    def object_store_folder(self) -> Path:
        return self.folder / "objectstore"

    @property
    def logs_folder(self) -> Path:
        return self.folder / "logs"

    @property
    def ca_folder(self) -> Path:
        return self.folder / "ca"

    @property
    def role_arn(self) -> str:
        return f"arn:aws:iam::{self.account_id}:role/{self.role}"

    def job_folder(self, job_name: str) -> Path:
        """Return where a training job's files are, laid out as `/opt/ml`."""
        return self.jobs_folder / job_name

    def arn(self, kind: str, name: str) -> str:
        """Return the ARN of a SageMaker resource, such as a `training-job`."""
        return f"arn:aws:sagemaker:{self.region}:{self.account_id}:{kind}/{name}"

    def write(self) -> None:
        """Keep the settings in their folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
        values = {name: value for name, value in asdict(self).items() if name != "folder"}
        scratch = self.folder / f"{SETTINGS_FILE}.new"
        scratch.touch(mode=0o600)  # the database's URL may hold a password
        scratch.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
        scratch.replace(self.folder / SETTINGS_FILE)


def read_settings(folder: Path) -> PlatformSettings:
    """Return what the platform of this folder was started with.

    Raises
    ------
    UserError
        No platform was started there, or its settings are damaged.
    """
    file = folder / SETTINGS_FILE
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{file}: not there; `pairloom up --dir {folder}` makes it") from None
    except ValueError as error:
        raise UserError(f"{file}: not JSON: {error}") from error
    return _from_values(file, values)


def _from_values(file: Path, values: Any) -> PlatformSettings:
    if not isinstance(values, Mapping):
        raise UserError(f"{file}: holds {type(values).__name__}; must be an object")
    try:
        return replace(PlatformSettings(folder=file.parent), **values)
    except TypeError as error:
        raise UserError(f"{file}: {error}") from error
