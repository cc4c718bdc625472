"""Hyperparameters as the core takes them."""

from __future__ import annotations

from pairloom._core import (
    FactorType,
    GroupInit,
    GroupRates,
    InitMethod,
    Optimizer,
    OptimizerSettings,
    TableInit,
)
from pairloom.hyperparameters import Hyperparameters

DEFAULT_EPS = 1e-8  # of MXNet's Adam, which SageMaker runs


def optimizer_settings(
    settings: Hyperparameters, learning_rate_factor: float = 1.0
) -> OptimizerSettings:
    """Return the optimizer as the core runs it.

    Group rates are multiplied by `_learning_rate` and the factor, decays by `_wd`; adam divides
    gradients by `mini_batch_size` (contract section 1), the others sum them. A group that is
    switched off (`use_bias`, `use_linear`) starts at 0 and has a rate of 0.
    """
    rescale = settings.rescale_grad
    if rescale is None:
        rescale = 1.0 / settings.mini_batch_size if settings.optimizer == "adam" else 1.0
    rate = settings.learning_rate * learning_rate_factor
    return OptimizerSettings(
        optimizer=Optimizer[settings.optimizer],
        bias=_rates(settings, "bias", rate, used=settings.use_bias),
        linear=_rates(settings, "linear", rate, used=settings.use_linear),
        factors=_rates(settings, "factors", rate, used=True),
        epsilon=DEFAULT_EPS if settings.eps is None else settings.eps,
        initial_accumulator=settings.adagrad_initial_accumulator,
        ftrl_beta=settings.ftrl_beta,
        rescale_grad=rescale,
        clip_gradient=settings.clip_gradient,
        lazy_update=settings.lazy_update,
        rowwise_state=settings.rowwise_state,
        factor_type=FactorType[settings.factor_type],
        rounding_seed=settings.seed,
    )


def _rates(settings: Hyperparameters, group: str, rate: float, *, used: bool) -> GroupRates:
    if not used:
        return GroupRates(0.0, 0.0)
    return GroupRates(
        getattr(settings, f"{group}_lr") * rate,
        getattr(settings, f"{group}_wd") * settings.wd,
        getattr(settings, f"{group}_l1", 0.0),
    )


def table_init(settings: Hyperparameters) -> TableInit:
    """Return how parameters start."""
    return TableInit(
        bias=_group_init(settings, "bias", used=settings.use_bias),
        linear=_group_init(settings, "linear", used=settings.use_linear),
        factors=_group_init(settings, "factors", used=True),
        seed=settings.seed,
        factor_type=FactorType[settings.factor_type],
    )


def _group_init(settings: Hyperparameters, group: str, *, used: bool) -> GroupInit:
    if not used:
        return GroupInit(InitMethod.constant, 0.0)
    method = getattr(settings, f"{group}_init_method")
    suffix = {"normal": "sigma", "uniform": "scale", "constant": "value"}[method]
    return GroupInit(InitMethod[method], getattr(settings, f"{group}_init_{suffix}"))
