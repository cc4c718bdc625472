"""How the services are spoken: JSON and query requests to members, members to answers."""

from __future__ import annotations

from pairloom.platform.protocol.call import Call, Dialect, route
from pairloom.platform.protocol.errors import ApiError
from pairloom.platform.protocol.request import ApiRequest

__all__ = ["ApiError", "ApiRequest", "Call", "Dialect", "route"]
