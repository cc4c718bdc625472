"""What the blocks of a stream have shown so far, which the next ones must go with."""

from __future__ import annotations

from pairloom.errors import DataError, DataFormatError
from pairloom.formats.blocks import ParsedBlock


class SeenBlocks:
    """What the blocks of an epoch have shown, in their order."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._weighted: bool | None = None
        self._zero_label_place = ""
        self.minus_one_label_place = ""
        self.num_unsorted = 0
        self.num_queries = 0

    def take_in(self, parsed: ParsedBlock) -> None:
        """Take in the next block.

        Raises
        ------
        DataFormatError
            It does not go with those before.
        """
        if self._zero_label_place and parsed.minus_one_label_place:
            raise DataFormatError(
                f"{parsed.minus_one_label_place}label -1 after a label 0; "
                "expected 0 or 1 as in the lines before"
            )
        if self.minus_one_label_place and parsed.zero_label_place:
            raise DataFormatError(
                f"{parsed.zero_label_place}label 0 after a label -1; "
                "expected -1 or 1 as in the lines before"
            )
        self._zero_label_place = self._zero_label_place or parsed.zero_label_place
        self.minus_one_label_place = self.minus_one_label_place or parsed.minus_one_label_place
        self.num_unsorted += parsed.num_unsorted
        self.num_queries += parsed.num_queries
        self._check_weights(parsed)

    def _check_weights(self, parsed: ParsedBlock) -> None:
        if parsed.rows.num_rows == 0:
            return
        weighted = parsed.rows.weights is not None
        if self._weighted is not None and weighted != self._weighted:
            raise DataError(f"{self._name}: some records have weights, and others have none")
        self._weighted = weighted
