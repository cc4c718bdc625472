"""`python -m pairloom`: the same program as `pairloom`."""

from __future__ import annotations

import sys

from pairloom.cli import main

sys.exit(main())
