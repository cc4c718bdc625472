from __future__ import annotations

import itertools
import statistics

from pairloom.platform.tuning.parameter_ranges import CategoricalRange, NumericRange
from pairloom.platform.tuning.random_search import GridSearch, RandomSearch
from pairloom.platform.tuning.tree_parzen import RANDOM_TRIALS, TreeParzenSearch
from pairloom.platform.tuning.trials import Trial

LR = NumericRange("lr", 1e-6, 1.0, "Logarithmic", is_integer=False)
EPOCHS = NumericRange("epochs", 1, 20, "Linear", is_integer=True)
METHOD = CategoricalRange("method", ("a", "b", "c"))
RANGES = (LR, EPOCHS, METHOD)


def cost(values: dict[str, str]) -> float:
    place = LR.place_of(values["lr"])
    assert place is not None
    return (place - 0.3) ** 2 + (values["method"] != "b") + abs(int(values["epochs"]) - 7) / 20


def history(number: int) -> list[Trial]:
    draw = RandomSearch(RANGES, seed=9)
    drawn = [draw.suggest(index) for index in range(1, number + 1)]
    return [Trial(values, cost(values)) for values in drawn]


def test_random_values_are_those_of_the_seed_and_the_number() -> None:
    one, same, other = (RandomSearch(RANGES, seed).suggest(3) for seed in (1, 1, 2))
    assert one == same != other
    assert RandomSearch(RANGES, 1).suggest(4) != one


def test_grid_goes_through_every_combination_once() -> None:
    ranges = [METHOD, CategoricalRange("lr", ("1", "2")), CategoricalRange("wd", ("3", "4"))]
    grid = GridSearch(ranges)
    found = [tuple(grid.suggest(number).values()) for number in range(1, 13)]
    assert found == list(itertools.product("abc", "12", "34"))


def test_tree_parzen_chooses_the_same_from_the_same_trials() -> None:
    trials = history(15)
    one, same, other = (TreeParzenSearch(RANGES, seed).suggest(16, trials) for seed in (1, 1, 2))
    assert one == same != other
    assert TreeParzenSearch(RANGES, 1).suggest(17, trials) != one


def test_tree_parzen_begins_at_random() -> None:
    trials = history(RANDOM_TRIALS - 1)
    chosen = TreeParzenSearch(RANGES, 4).suggest(RANDOM_TRIALS, trials)
    assert chosen == RandomSearch(RANGES, 4).suggest(RANDOM_TRIALS)


def test_tree_parzen_learns_from_the_trials() -> None:
    costs: dict[int, float] = {}
    for seed in range(5):
        trials: list[Trial] = []
        for number in range(1, 41):
            values = TreeParzenSearch(RANGES, seed).suggest(number, trials)
            trials.append(Trial(values, cost(values)))
        late = [trial.cost for trial in trials[30:] if trial.cost is not None]
        costs[seed] = sum(late) / len(late)
    by_chance = [trial.cost for trial in history(200) if trial.cost is not None]
    assert statistics.median(costs.values()) < 0.6 * sum(by_chance) / len(by_chance)


def parallel_choices(seed: int, *, told: bool) -> list[float]:
    """Return the places of eight choices, each told of those before it or not."""
    draw = RandomSearch((LR,), seed)
    tried = [draw.suggest(number) for number in range(1, 26)]
    trials = [Trial(values, (LR.place_of(values["lr"]) or 0.0) ** 2) for values in tried]
    chosen: list[Trial] = []
    for number in range(26, 34):
        known = [*trials, *(chosen if told else ())]
        values = TreeParzenSearch((LR,), seed).suggest(number, known)
        chosen.append(Trial(values, None, is_pending=True))
    return [LR.place_of(trial.hyperparameters["lr"]) or 0.0 for trial in chosen]


def test_parallel_choices_are_spread_since_pending_trials_count_as_bad() -> None:
    spread = {
        told: statistics.fmean(
            statistics.pstdev(parallel_choices(seed, told=told)) for seed in range(4)
        )
        for told in (True, False)
    }
    assert spread[True] > 2 * spread[False]


def test_failed_trials_are_as_bad_as_the_worst_and_foreign_ones_are_left_out() -> None:
    trials = history(20)
    failed = [Trial(trial.hyperparameters, None) for trial in trials[:5]]
    worst = max(trial.cost for trial in trials[5:] if trial.cost is not None)
    told = [Trial(trial.hyperparameters, worst) for trial in trials[:5]]
    search = TreeParzenSearch(RANGES, 1)
    assert search.suggest(21, [*failed, *trials[5:]]) == search.suggest(21, [*told, *trials[5:]])
    foreign = [Trial({"lr": "2.0", "epochs": "3", "method": "a"}, -1.0), Trial({"lr": "0.1"}, 0.0)]
    assert search.suggest(21, [*trials, *foreign]) == search.suggest(21, trials)
