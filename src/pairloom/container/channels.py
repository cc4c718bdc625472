"""What the channels of a job hold: rows, and the model that training starts from."""

from __future__ import annotations

from pairloom.batch import RowBatch
from pairloom.container.content_types import RECORDIO, file_options
from pairloom.container.job_configuration import Channel
from pairloom.data import RowFiles
from pairloom.errors import UserError
from pairloom.formats.feature_encoding import FeatureEncoding
from pairloom.formats.recordio import PredictorType
from pairloom.formats.shards import list_shards
from pairloom.model import Model
from pairloom.model.sagemaker import is_artifact_name

NATIVE_SUFFIX = ".pairloom"


class ChannelRows:
    """Reads the rows of channels, those of all in the same encoding.

    Parameters
    ----------
    encoding
        Of the model that training starts from, or what the hyperparameters say of it; what the
        first channel shows is added.
    """

    def __init__(self, encoding: FeatureEncoding, predictor_type: PredictorType) -> None:
        self.encoding = encoding
        self._predictor_type = predictor_type

    def read(self, channel: Channel, feature_dim: int | None) -> RowBatch:
        """Read all rows of a channel; they have labels, and this width if one is told.

        Raises
        ------
        UserError
            Names channel, content type, file and what is wrong with it.
        """
        read_as = channel.content_type or f"{RECORDIO}, since it names no content type"
        try:
            files = RowFiles(file_options(channel.content_type), self.encoding, learns=True)
            _refuse_missing(channel)
            rows = files.read_labelled(channel.path, feature_dim, self._predictor_type)
        except UserError as error:
            raise UserError(f"{channel}, read as {read_as}: {error}") from error
        self.encoding = files.encoding
        return rows


def starting_model(channel: Channel) -> Model:
    """Load the one model that a channel holds.

    Raises
    ------
    UserError
        It holds none, or several.
    """
    _refuse_missing(channel)
    files = list_shards(channel.path)
    models = [file for file in files if is_artifact_name(file) or file.suffix == NATIVE_SUFFIX]
    if len(models) != 1:
        held = ", ".join(file.name for file in models or files)
        raise UserError(
            f"{channel}: {channel.path} must hold one model, model.tar.gz, model_algo-1 or "
            f"*{NATIVE_SUFFIX}; it holds {held}"
        )
    return Model.load(models[0])


def _refuse_missing(channel: Channel) -> None:
    if not channel.path.exists():
        raise UserError(f"{channel}: {channel.path} is missing; the channel's files belong there")
