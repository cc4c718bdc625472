"""How databases of earlier versions become those of this one; run by Alembic."""

from __future__ import annotations
