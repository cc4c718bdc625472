// The optimizers' update of eight parameters at once. Included once per instruction path, inside
// that path's namespace. `gradient` is the mini-batch's sum; `checks` stays zero until something is
// not finite.

// The gradient as adam, adagrad and sgd use it: rescaled, with weight decay, then clipped.
template <class T>
PAIRLOOM_INLINE Vec8<T> clipped_gradient(Vec8<T> parameter, Vec8<T> gradient,
                                         const OptimizerStep<T>& step, T decay, Vec8<T>& checks) {
  const Vec8<T> raw = gradient * step.rescale_grad + parameter * decay;
  const Vec8<T> bound = broadcast<T>(step.clip_gradient);
  checks += raw * T(0);
  return smaller<T>(larger<T>(raw, -bound), bound);
}

template <class T>
struct AdamRule {
  static constexpr int kStates = 2;

  PAIRLOOM_INLINE Vec8<T> update(Vec8<T> parameter, Vec8<T> gradient, Vec8<T>* states,
                                 const OptimizerStep<T>& step, const GroupStep<T>& group,
                                 Vec8<T>& checks) {
    const Vec8<T> g = clipped_gradient<T>(parameter, gradient, step, group.decay, checks);
    Vec8<T>&mean = states[0], &variance = states[1];
    mean = mean * step.beta1 + g * step.one_minus_beta1;
    variance = variance * step.beta2 + (g * g) * step.one_minus_beta2;
    checks += variance * T(0);
    return parameter - (mean * group.rate) / (square_root<T>(variance) + step.epsilon);
  }
};

template <class T>
struct AdaGradRule {
  static constexpr int kStates = 1;

  PAIRLOOM_INLINE Vec8<T> update(Vec8<T> parameter, Vec8<T> gradient, Vec8<T>* states,
                                 const OptimizerStep<T>& step, const GroupStep<T>& group,
                                 Vec8<T>& checks) {
    const Vec8<T> g = clipped_gradient<T>(parameter, gradient, step, group.decay, checks);
    Vec8<T>& squares = states[0];
    squares += g * g;
    checks += squares * T(0);
    return parameter - (g * group.rate) / (square_root<T>(squares) + step.epsilon);
  }
};

// Row-wise forms: `square` is the mean of the factors' squared gradients, `shared` the value that
// takes it, of which `divisor` makes what a factor's step is divided by.
template <class T>
struct RowwiseAdamRule : AdamRule<T> {
  static constexpr int kOwnStates = 1;  // for each factor

  PAIRLOOM_INLINE T take_in(T shared, T square, const OptimizerStep<T>& step) {
    return shared * step.beta2 + square * step.one_minus_beta2;
  }

  PAIRLOOM_INLINE Vec8<T> move(Vec8<T> parameter, Vec8<T> g, Vec8<T> divisor, Vec8<T>& mean,
                               const OptimizerStep<T>& step) {
    mean = mean * step.beta1 + g * step.one_minus_beta1;
    return parameter - (mean * step.factors.rate) / divisor;
  }
};

template <class T>
struct RowwiseAdaGradRule : AdaGradRule<T> {
  static constexpr int kOwnStates = 0;

  PAIRLOOM_INLINE T take_in(T shared, T square, const OptimizerStep<T>& /*step*/) {
    return shared + square;
  }

  PAIRLOOM_INLINE Vec8<T> move(Vec8<T> parameter, Vec8<T> g, Vec8<T> divisor, Vec8<T>& /*mean*/,
                               const OptimizerStep<T>& step) {
    return parameter - (g * step.factors.rate) / divisor;
  }
};

template <class Rule>
concept Rowwise = requires { Rule::kOwnStates; };

template <class T>
struct FtrlRule {
  static constexpr int kStates = 2;

  PAIRLOOM_INLINE Vec8<T> update(Vec8<T> parameter, Vec8<T> gradient, Vec8<T>* states,
                                 const OptimizerStep<T>& step, const GroupStep<T>& group,
                                 Vec8<T>& checks) {
    if (group.rate == T(0)) {
      return parameter;
    }
    const Vec8<T> g = clipped_gradient<T>(parameter, gradient, step, T(0), checks);
    Vec8<T>&squares = states[0], &z = states[1];
    const Vec8<T> root_before = square_root<T>(squares);
    squares += g * g;
    const Vec8<T> root = square_root<T>(squares);
    z += g - (root - root_before) / group.rate * parameter;
    checks += squares * T(0) + z * T(0);
    const Vec8<T> zero = broadcast<T>(T(0)), l1 = broadcast<T>(group.l1);
    const Vec8<T> signed_l1 = z < zero ? -l1 : l1;
    const Vec8<T> strength = (root + step.ftrl_beta) / group.rate + group.decay;
    return larger<T>(z, -z) <= l1 ? zero : (signed_l1 - z) / strength;
  }
};

template <class T>
struct SgdRule {
  static constexpr int kStates = 0;

  PAIRLOOM_INLINE Vec8<T> update(Vec8<T> parameter, Vec8<T> gradient, Vec8<T>* /*states*/,
                                 const OptimizerStep<T>& step, const GroupStep<T>& group,
                                 Vec8<T>& checks) {
    const Vec8<T> g = clipped_gradient<T>(parameter, gradient, step, group.decay, checks);
    return parameter - g * group.rate;
  }
};
