"""The store as one object."""

from __future__ import annotations

from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING

from pairloom.platform.store.changes import ChangeWatch
from pairloom.platform.store.database import Database
from pairloom.platform.store.log_events import LogEvents
from pairloom.platform.store.metrics import Metrics
from pairloom.platform.store.resources import Resources
from pairloom.platform.store.roles import Roles
from pairloom.platform.store.statistic_sets import StatisticSets
from pairloom.platform.store.tags import Tags
from pairloom.platform.store.training_jobs import TrainingJobs

if TYPE_CHECKING:
    from typing_extensions import Self


class Store(TrainingJobs, LogEvents, Metrics, StatisticSets, Tags, Roles):
    """All that a platform remembers; safe to use from many threads and many processes.

    Parameters
    ----------
    url
        The database, as `pairloom.platform.settings.PlatformSettings.database_url` names it.
    """

    def __init__(self, url: str) -> None:
        database = Database(url)
        super().__init__(database)
        self.models = Resources(database, "model")
        self.endpoint_configs = Resources(database, "endpoint-config")
        self.endpoints = Resources(database, "endpoint")
        self.transform_jobs = Resources(database, "transform-job")
        self.tuning_jobs = Resources(database, "hyper-parameter-tuning-job")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def together(self) -> AbstractContextManager[None]:
        """Return a block of which all changes are kept, or none where it raises."""
        return self._database.together()

    def watch(self) -> ChangeWatch:
        """Return what tells one who looks often whether anything has changed."""
        return self._database.watch()

    def close(self) -> None:
        """Close the connections; those of another process stay."""
        self._database.close()
