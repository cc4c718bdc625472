#include "pairloom/optimizer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "elementary.h"
#include "pairloom/thread_pool.h"

namespace pairloom {

namespace {

template <class T>
GroupStep<T> group_step(const GroupRates& rates, double correction) {
  return {T(rates.learning_rate * correction), T(rates.weight_decay), T(rates.l1)};
}

// The z from which FTRL's closed form gives the parameter back: without it a model that starts
// from drawn or earlier parameters would lose them in its first step.
template <class T>
T ftrl_z_of(T parameter, T squares, const GroupStep<T>& group, T beta) {
  if (parameter == T(0) || group.rate == T(0)) {
    return T(0);
  }
  const T strength = (beta + std::sqrt(squares)) / group.rate + group.decay;
  return -(parameter * strength + std::copysign(group.l1, parameter));
}

// Mends the states of `count` parameters, which lie side by side, as their states do.
template <class T>
void mend(const OptimizerStep<T>& step, const GroupStep<T>& group, const T* parameters, T* first,
          T* second, int count) {
  for (int i = 0; i < count; ++i) {
    switch (step.optimizer) {
      case Optimizer::kAdam:
        if (!std::isfinite(first[i]) || !std::isfinite(second[i])) {
          first[i] = second[i] = T(0);
        }
        break;
      case Optimizer::kAdaGrad:
        first[i] = std::isfinite(first[i]) ? first[i] : step.initial_accumulator;
        break;
      case Optimizer::kFtrl:
        first[i] = std::isfinite(first[i]) ? first[i] : T(0);
        second[i] = ftrl_z_of(parameters[i], first[i], group, step.ftrl_beta);
        break;
      case Optimizer::kSgd:
        break;
    }
  }
}

// Where a parameter's first optimizer value starts; the second starts at 0.
template <class T>
T first_state(const OptimizerStep<T>& step) {
  return step.optimizer == Optimizer::kAdaGrad ? step.initial_accumulator : T(0);
}

// The factors of an entry: where they lie, or in `unpacked`.
template <class T>
const T* factors_of(const TableLayout& layout, const T* cells, std::vector<T>& unpacked) {
  if (layout.factor_type == FactorType::kWhole) {
    return cells;
  }
  unpacked.resize(static_cast<size_t>(layout.num_factors));
  read_factors(cells, layout, unpacked.data());
  return unpacked.data();
}

// Mends the states of an entry's factors, which share the last.
template <class T>
void mend_shared(const OptimizerStep<T>& step, const TableLayout& layout, T* cells) {
  bool finite = true;
  for (int slot = 0; slot < layout.state_slots; ++slot) {
    const T* const states = cells + layout.factor_state(slot);
    finite = finite && std::all_of(states, states + layout.factor_state_width(slot),
                                   [](T state) { return std::isfinite(state); });
  }
  for (int slot = 0; !finite && slot < layout.state_slots; ++slot) {
    std::fill_n(cells + layout.factor_state(slot), layout.factor_state_width(slot),
                slot == 0 ? first_state(step) : T(0));
  }
}

}  // namespace

int state_slots(Optimizer optimizer) {
  switch (optimizer) {
    case Optimizer::kAdam:
    case Optimizer::kFtrl:
      return 2;
    case Optimizer::kAdaGrad:
      return 1;
    case Optimizer::kSgd:
      break;
  }
  return 0;
}

TableLayout layout_of(const OptimizerSettings& settings, int num_factors) {
  const int slots = state_slots(settings.optimizer);
  return make_layout(num_factors, slots, settings.rowwise_state ? slots - 1 : kNoSlot,
                     settings.factor_type);
}

template <class T>
OptimizerStep<T> optimizer_step(const OptimizerSettings& settings, uint64_t step) {
  const double correction = settings.optimizer == Optimizer::kAdam
                                ? std::sqrt(1.0 - integer_power(settings.beta2, step)) /
                                      (1.0 - integer_power(settings.beta1, step))
                                : 1.0;
  OptimizerStep<T> now{};
  now.optimizer = settings.optimizer;
  now.rowwise_state = settings.rowwise_state;
  now.bias = group_step<T>(settings.bias, correction);
  now.linear = group_step<T>(settings.linear, correction);
  now.factors = group_step<T>(settings.factors, correction);
  now.beta1 = T(settings.beta1);
  now.beta2 = T(settings.beta2);
  now.one_minus_beta1 = T(1.0 - settings.beta1);
  now.one_minus_beta2 = T(1.0 - settings.beta2);
  now.epsilon = T(settings.epsilon);
  now.initial_accumulator = T(settings.initial_accumulator);
  now.ftrl_beta = T(settings.ftrl_beta);
  now.rescale_grad = T(settings.rescale_grad);
  now.clip_gradient =
      settings.clip_gradient > 0 ? T(settings.clip_gradient) : std::numeric_limits<T>::infinity();
  if (settings.factor_type == FactorType::kBfloat16) {
    now.rounding_key = rounding_key(settings.rounding_seed, step);
  }
  return now;
}

template <class T>
void start_states(const OptimizerStep<T>& step, ParameterTable<T>& table, int num_threads) {
  table.bias_state[0] = first_state(step);
  table.bias_state[1] = T(0);
  mend_bias_state(step, table);
  parallel_ranges(table.num_entries(), num_threads, [&](int64_t begin, int64_t end) {
    for (int64_t index = begin; index < end; ++index) {
      start_entry_states(step, table, index);
    }
  });
}

template <class T>
void start_entry_states(const OptimizerStep<T>& step, ParameterTable<T>& table, int64_t index) {
  const TableLayout& layout = table.layout();
  T* const cells = table.entry(index);
  for (int slot = 0; slot < layout.state_slots; ++slot) {
    const T start = slot == 0 ? first_state(step) : T(0);
    cells[layout.linear_state(slot)] = start;
    std::fill_n(cells + layout.factor_state(slot), layout.factor_state_width(slot), start);
  }
  mend_entry_states(step, table, index);
}

template <class T>
void mend_bias_state(const OptimizerStep<T>& step, ParameterTable<T>& table) {
  mend(step, step.bias, &table.bias, table.bias_state, table.bias_state + 1, 1);
}

template <class T>
void mend_entry_states(const OptimizerStep<T>& step, ParameterTable<T>& table, int64_t index) {
  const TableLayout& layout = table.layout();
  T* const cells = table.entry(index);
  mend(step, step.linear, cells + layout.linear(), cells + layout.linear_state(0),
       cells + layout.linear_state(1), 1);
  if (step.rowwise_state) {
    mend_shared(step, layout, cells);
  } else {
    std::vector<T> unpacked;
    const T* const factors = factors_of(layout, cells, unpacked);
    mend(step, step.factors, factors, cells + layout.factor_state(0),
         cells + layout.factor_state(1), layout.num_factors);
  }
}

template OptimizerStep<float> optimizer_step<float>(const OptimizerSettings&, uint64_t);
template OptimizerStep<double> optimizer_step<double>(const OptimizerSettings&, uint64_t);
template void start_states<float>(const OptimizerStep<float>&, ParameterTable<float>&, int);
template void start_states<double>(const OptimizerStep<double>&, ParameterTable<double>&, int);
template void start_entry_states<float>(const OptimizerStep<float>&, ParameterTable<float>&,
                                        int64_t);
template void start_entry_states<double>(const OptimizerStep<double>&, ParameterTable<double>&,
                                         int64_t);
template void mend_bias_state<float>(const OptimizerStep<float>&, ParameterTable<float>&);
template void mend_bias_state<double>(const OptimizerStep<double>&, ParameterTable<double>&);
template void mend_entry_states<float>(const OptimizerStep<float>&, ParameterTable<float>&,
                                       int64_t);
template void mend_entry_states<double>(const OptimizerStep<double>&, ParameterTable<double>&,
                                        int64_t);

}  // namespace pairloom
