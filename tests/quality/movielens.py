"""MovieLens latest-small as one-hot rows, its fixed split, and the ridge that an FM must beat."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import sparse

from pairloom.batch import RowBatch

ARCHIVE = Path(__file__).parents[1] / "data" / "ml-latest-small" / "ml-latest-small.zip"
SPLIT_SEED = 0

Float64Array = npt.NDArray[np.float64]
Int64Array = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Ratings:
    """Users and movies numbered from 0, one rating each line."""

    users: Int64Array
    movies: Int64Array
    stars: Float64Array
    num_users: int
    num_movies: int

    def __getitem__(self, lines: Int64Array) -> Ratings:
        return Ratings(
            self.users[lines],
            self.movies[lines],
            self.stars[lines],
            self.num_users,
            self.num_movies,
        )

    @property
    def feature_dim(self) -> int:
        return self.num_users + self.num_movies

    def rows(self) -> RowBatch:
        """Return rows of two ones: the user's feature and the movie's."""
        ids = np.stack([self.users, self.num_users + self.movies], axis=1).astype(np.int32)
        return RowBatch(
            feature_dim=self.feature_dim,
            row_offsets=np.arange(0, ids.size + 1, 2, dtype=np.int64),
            feature_ids=ids.ravel(),
            labels=self.stars.astype(np.float32),
        )


def load_ratings() -> Ratings:
    with zipfile.ZipFile(ARCHIVE) as archive:
        lines = np.loadtxt(
            io.StringIO(archive.read("ratings.csv").decode()), delimiter=",", skiprows=1
        )
    users, user_index = np.unique(lines[:, 0], return_inverse=True)
    movies, movie_index = np.unique(lines[:, 1], return_inverse=True)
    return Ratings(user_index, movie_index, lines[:, 2], len(users), len(movies))


def split(ratings: Ratings) -> tuple[Ratings, Ratings, Ratings]:
    """Return a random 80 % to train on, 10 % to choose by and 10 % to test on."""
    num_lines = len(ratings.stars)
    order = np.random.default_rng(SPLIT_SEED).permutation(num_lines)
    train, validation, test = np.split(order, [num_lines * 8 // 10, num_lines * 9 // 10])
    return ratings[train], ratings[validation], ratings[test]


def rmse(predicted: npt.NDArray[np.floating], ratings: Ratings) -> float:
    return float(np.sqrt(np.mean((predicted - ratings.stars) ** 2)))


def ridge_test_rmse(train: Ratings, validation: Ratings, test: Ratings) -> float:
    """Return the test RMSE of mean + user bias + movie bias, damping chosen on `validation`."""
    best = (np.inf, np.inf)
    for movie_damping in (1.0, 2.0, 3.0, 4.0, 5.0, 7.0):
        for user_damping in (1.0, 2.0, 3.0, 4.0, 5.0, 7.0, 10.0):
            biases = damped_biases(train, user_damping, movie_damping)
            errors = [rmse(predict_by_biases(*biases, part), part) for part in (validation, test)]
            best = min(best, (errors[0], errors[1]))
    return best[1]


def damped_biases(
    train: Ratings, user_damping: float, movie_damping: float
) -> tuple[float, Float64Array, Float64Array]:
    """Return mean, user biases and movie biases of least damped squares.

    The movies' biases are eliminated from the normal equations; those of the users are solved.
    """
    mean = float(train.stars.mean())
    shape = (train.num_users, train.num_movies)
    cells = (train.users, train.movies)
    rated = sparse.csr_array((np.ones(len(train.stars)), cells), shape=shape)
    residuals = sparse.csr_array((train.stars - mean, cells), shape=shape)
    user_weights = rated.sum(axis=1) + user_damping
    movie_weights = rated.sum(axis=0) + movie_damping
    shared = rated @ sparse.diags_array(1.0 / movie_weights)
    users = np.linalg.solve(
        np.diag(user_weights) - (shared @ rated.T).toarray(),
        residuals.sum(axis=1) - shared @ residuals.sum(axis=0),
    )
    movies = (residuals.sum(axis=0) - rated.T @ users) / movie_weights
    return mean, users.astype(np.float64), np.asarray(movies, dtype=np.float64)


def predict_by_biases(
    mean: float, users: Float64Array, movies: Float64Array, ratings: Ratings
) -> Float64Array:
    return np.asarray(mean + users[ratings.users] + movies[ratings.movies])
