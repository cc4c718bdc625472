"""The factorization machine as a graph of MXNet's operators: `symbol.json`, written and read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

PredictorType: TypeAlias = Literal["binary_classifier", "regressor"]

OUTPUT_OPERATORS: dict[str, PredictorType] = {
    "LogisticRegressionOutput": "binary_classifier",
    "LinearRegressionOutput": "regressor",
}
OUTPUT_NAME = "out"
LABEL_NAME = "out_label"
_ROW_SPARSE, _CSR = "1", "2"
_WRITTEN_FOR = 10901  # MXNet 1.9.1


class SymbolError(ValueError):
    """The text is no graph that ends in one of the outputs known here."""


def symbol_text(feature_dim: int, num_factors: int, predictor_type: PredictorType) -> str:
    """Return the graph of one model.

    score = (x w1 + w0) + (sum_f (x v)_f^2 - x^2 sum_f v_f^2) / 2; the output is its sigmoid or
    the score itself.
    """
    graph = _Graph()
    x = graph.variable("data", storage=_CSR)
    w1 = graph.variable("w1_weight", shape=(feature_dim, 1), storage=_ROW_SPARSE)
    w0 = graph.variable("w0_weight", shape=(1,))
    v = graph.variable("v", shape=(feature_dim, num_factors), storage=_ROW_SPARSE)
    sum_of_columns = {"axis": "1", "keepdims": "True"}

    weighted = graph.operator("dot", "weighted", (x, w1))
    linear = graph.operator("broadcast_add", "linear", (weighted, w0))
    factor_sums = graph.operator("dot", "factor_sums", (x, v))
    squares = graph.operator("square", "factor_sums_squared", (factor_sums,))
    all_pairs = graph.operator("sum", "all_pairs", (squares,), sum_of_columns)
    x_squared = graph.operator("square", "data_squared", (x,))
    lengths = graph.operator("_square_sum", "v_squared", (v,), sum_of_columns)
    own_pairs = graph.operator("dot", "own_pairs", (x_squared, lengths))
    twice = graph.operator("elemwise_sub", "pairs_twice", (all_pairs, own_pairs))
    pairs = graph.operator("_mul_scalar", "pairs", (twice,), {"scalar": "0.5"})
    score = graph.operator("elemwise_add", "score", (linear, pairs))
    label = graph.variable(LABEL_NAME)
    operator = next(name for name, kind in OUTPUT_OPERATORS.items() if kind == predictor_type)
    return graph.text(graph.operator(operator, OUTPUT_NAME, (score, label)))


def predictor_type_of(symbol: bytes) -> PredictorType:
    """Return what a model predicts, from its graph's output operator.

    Raises
    ------
    SymbolError
        The text is no graph, or has no output operator or both kinds.
    """
    try:
        operators = {node["op"] for node in json.loads(symbol)["nodes"]}
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise SymbolError(f"is no MXNet graph: {type(error).__name__}: {error}") from error
    outputs = sorted(operators & OUTPUT_OPERATORS.keys())
    if len(outputs) != 1:
        raise SymbolError(
            f"must have one of the operators {' and '.join(OUTPUT_OPERATORS)}; "
            f"it has {' and '.join(outputs) or 'neither'}"
        )
    return OUTPUT_OPERATORS[outputs[0]]


class _Graph:
    """Nodes in the order in which they are added, each after its inputs."""

    def __init__(self) -> None:
        self._nodes: list[dict[str, Any]] = []
        self._variables: list[int] = []

    def variable(
        self, name: str, *, shape: tuple[int, ...] | None = None, storage: str | None = None
    ) -> int:
        attributes = {"__shape__": None if shape is None else str(shape)}
        attributes["__storage_type__"] = storage
        self._variables.append(len(self._nodes))
        given = {key: value for key, value in attributes.items() if value is not None}
        return self.operator("null", name, (), given)

    def operator(
        self,
        operator: str,
        name: str,
        inputs: Sequence[int],
        attributes: dict[str, str] | None = None,
    ) -> int:
        node = {"op": operator, "name": name, "inputs": [[index, 0, 0] for index in inputs]}
        self._nodes.append({**node, "attrs": attributes} if attributes else node)
        return len(self._nodes) - 1

    def text(self, head: int) -> str:
        graph = {
            "nodes": self._nodes,
            "arg_nodes": self._variables,
            "node_row_ptr": list(range(len(self._nodes) + 1)),
            "heads": [[head, 0, 0]],
            "attrs": {"mxnet_version": ["int", _WRITTEN_FOR]},
        }
        return json.dumps(graph, indent=2) + "\n"
