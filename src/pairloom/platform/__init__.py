"""The platform: SageMaker's API, jobs, logs and object store on machines of one's own."""

from __future__ import annotations
