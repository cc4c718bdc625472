"""Who calls: key pairs, and the signatures made with them."""

from __future__ import annotations

from pairloom.platform.identity.key_pair import KeyPair, make_key_pair, read_key_pair
from pairloom.platform.identity.signature import SignatureCheck

__all__ = ["KeyPair", "SignatureCheck", "make_key_pair", "read_key_pair"]
