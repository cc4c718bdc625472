"""The store as one object."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

from pairloom.platform.store.database import Database
from pairloom.platform.store.log_events import LogEvents
from pairloom.platform.store.metrics import Metrics
from pairloom.platform.store.roles import Roles
from pairloom.platform.store.tags import Tags
from pairloom.platform.store.training_jobs import TrainingJobs

if TYPE_CHECKING:
    from typing_extensions import Self


class Store(TrainingJobs, LogEvents, Metrics, Tags, Roles):
    """All that a platform remembers; safe to use from many threads and many processes.

    Parameters
    ----------
    url
        The database, as `pairloom.platform.settings.PlatformSettings.database_url` names it.
    """

    def __init__(self, url: str) -> None:
        super().__init__(Database(url))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; those of another process stay."""
        self._database.close()
