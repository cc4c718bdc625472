"""What is told of files before they are read."""

from __future__ import annotations

from dataclasses import dataclass

from pairloom.formats.file_format import FileFormat
from pairloom.formats.libsvm import ZeroBased

_LABEL = "label"
_FIRST_COLUMN = "f0"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileOptions:
    """How the files of one command or job are to be read.

    Attributes
    ----------
    format
        Format of the files; None: their content and names tell. A stream has no name: its format
        must be told.
    zero_based
        Whether feature ids of libsvm text count from 0; "auto": as in the rows that the model was
        trained on, or when any is 0.
    header
        Of CSV: whether the first line names the columns; they are f0, f1, ... if not.
    label
        Column of labels of a table whose features are to be learned; None: `label`, without a
        header f0.
    categorical
        Columns of whole numbers that are categories, of such a table.
    weight_feature
        Name of the feature that is the weight of its row: an entry of recordio-protobuf's features,
        or a column of a table. None: rows have no such feature.
    weights_required
        Whether rows to train or evaluate on must have it; others may go without.
    """

    format: FileFormat | None = None
    zero_based: ZeroBased = "auto"
    header: bool = True
    label: str | None = None
    categorical: tuple[str, ...] = ()
    weight_feature: str | None = None
    weights_required: bool = True

    @property
    def label_column(self) -> str:
        """Name the column of labels of such a table."""
        return self.label or (_LABEL if self.header else _FIRST_COLUMN)
