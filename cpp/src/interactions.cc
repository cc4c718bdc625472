#include "pairloom/interactions.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <string>

#include "pairloom/thread_pool.h"

namespace pairloom {

namespace {

constexpr int64_t kLeafSize = 32;
constexpr int64_t kVectorsPerRange = 256;
constexpr double kUnderflow = 1e-37;  // what single precision may lose near zero
constexpr double kRounding = 1e-9;    // of the squares: what a bound in doubles may lose

bool stronger(const Interaction& one, const Interaction& other) {
  const double a = std::abs(one.inner_product), b = std::abs(other.inner_product);
  if (a != b) {
    return a > b;
  }
  return one.first != other.first ? one.first < other.first : one.second < other.second;
}

template <class A, class B>
double inner_product(const A* a, const B* b, int size) {
  double sum = 0.0;
  for (int i = 0; i < size; ++i) {
    sum += double{a[i]} * double{b[i]};
  }
  return sum;
}

double distance(const float* v, const double* centre, int size) {
  double sum = 0.0;
  for (int i = 0; i < size; ++i) {
    sum += (double{v[i]} - centre[i]) * (double{v[i]} - centre[i]);
  }
  return std::sqrt(sum);
}

}  // namespace

InteractionSearch::InteractionSearch(const float* factors, int64_t num_features, int num_factors,
                                     const int32_t* fields, size_t count)
    : factors_(factors),
      num_features_(num_features),
      num_factors_(num_factors),
      fields_(fields),
      count_(count),
      norms_(static_cast<size_t>(num_features)) {
  if (count == 0 || num_factors < 1) {
    throw std::invalid_argument("interactions and factors must be at least 1");
  }
  check_finite();
  for (int64_t feature = 0; feature < num_features; ++feature) {
    const float* v = vector(feature);
    norms_[static_cast<size_t>(feature)] = std::sqrt(inner_product(v, v, num_factors));
  }
  choose_candidates();
  if (order_.size() >= 2) {
    build();
    lay_out_leaves();
    by_norm_.resize(order_.size());
    std::iota(by_norm_.begin(), by_norm_.end(), int64_t{0});
    std::stable_sort(by_norm_.begin(), by_norm_.end(),
                     [this](int64_t one, int64_t other) { return norm(one) > norm(other); });
  }
}

void InteractionSearch::check_finite() const {
  for (int64_t feature = 0; feature < num_features_; ++feature) {
    for (int factor = 0; factor < num_factors_; ++factor) {
      if (!std::isfinite(vector(feature)[factor])) {
        throw std::invalid_argument("factor " + std::to_string(factor) + " of vector " +
                                    std::to_string(feature) + " is not finite");
      }
    }
  }
}

// Leaves out vectors of zeros and, of equal vectors in one field, all but the first count + 1: a
// pair with a later one has `count` pairs of its strength before it.
void InteractionSearch::choose_candidates() {
  const auto field = [this](int64_t feature) { return fields_ == nullptr ? 0 : fields_[feature]; };
  const auto equal = [&](int64_t one, int64_t other) {
    return field(one) == field(other) &&
           std::equal(vector(one), vector(one) + num_factors_, vector(other));
  };
  std::vector<int64_t> sorted;
  for (int64_t feature = 0; feature < num_features_; ++feature) {
    if (norms_[static_cast<size_t>(feature)] > 0.0) {
      sorted.push_back(feature);
    }
  }
  std::sort(sorted.begin(), sorted.end(), [&](int64_t one, int64_t other) {
    const float *a = vector(one), *b = vector(other);
    for (int factor = 0; factor < num_factors_; ++factor) {
      if (a[factor] != b[factor]) {
        return a[factor] < b[factor];
      }
    }
    return field(one) != field(other) ? field(one) < field(other) : one < other;
  });
  size_t run = 0;
  for (size_t i = 0; i < sorted.size(); ++i) {
    run = i != 0 && equal(sorted[i - 1], sorted[i]) ? run + 1 : 0;
    if (run <= count_) {
      order_.push_back(sorted[i]);
    }
  }
}

void InteractionSearch::build() {
  balls_.push_back({0, static_cast<int64_t>(order_.size()), 0, 0.0, 0.0, 0.0, kMixed});
  centres_.resize(static_cast<size_t>(num_factors_));
  measure(balls_[0], centres_.data());
  for (int64_t ball = 0; ball < static_cast<int64_t>(balls_.size()); ++ball) {
    split(ball);
  }
}

void InteractionSearch::measure(Ball& ball, double* centre) {
  std::fill(centre, centre + num_factors_, 0.0);
  for (int64_t at = ball.begin; at < ball.end; ++at) {
    for (int factor = 0; factor < num_factors_; ++factor) {
      centre[factor] += double{vector(feature(at))[factor]};
    }
  }
  for (int factor = 0; factor < num_factors_; ++factor) {
    centre[factor] /= static_cast<double>(ball.end - ball.begin);
  }
  ball.norm_of_centre = std::sqrt(inner_product(centre, centre, num_factors_));
  ball.field = fields_ == nullptr ? kMixed : fields_[feature(ball.begin)];
  for (int64_t at = ball.begin; at < ball.end; ++at) {
    ball.radius = std::max(ball.radius, distance(vector(feature(at)), centre, num_factors_));
    ball.largest_norm = std::max(ball.largest_norm, norm(at));
    if (fields_ != nullptr && fields_[feature(at)] != ball.field) {
      ball.field = kMixed;
    }
  }
}

// Cuts a ball at the median of the factor that varies most.
void InteractionSearch::split(int64_t index) {
  const Ball ball = balls_[static_cast<size_t>(index)];
  if (ball.end - ball.begin <= kLeafSize) {
    return;
  }
  const double* centre = centres_.data() + index * num_factors_;
  std::vector<double> squares(static_cast<size_t>(num_factors_), 0.0);
  for (int64_t at = ball.begin; at < ball.end; ++at) {
    for (int factor = 0; factor < num_factors_; ++factor) {
      const double off = double{vector(feature(at))[factor]} - centre[factor];
      squares[static_cast<size_t>(factor)] += off * off;
    }
  }
  const auto widest = std::max_element(squares.begin(), squares.end()) - squares.begin();
  const int64_t middle = ball.begin + (ball.end - ball.begin) / 2;
  std::nth_element(order_.begin() + ball.begin, order_.begin() + middle, order_.begin() + ball.end,
                   [&](int64_t one, int64_t other) {
                     const float a = vector(one)[widest], b = vector(other)[widest];
                     return a != b ? a < b : one < other;
                   });
  const auto children = static_cast<int64_t>(balls_.size());
  balls_[static_cast<size_t>(index)].children = children;
  balls_.push_back({ball.begin, middle, 0, 0.0, 0.0, 0.0, kMixed});
  balls_.push_back({middle, ball.end, 0, 0.0, 0.0, 0.0, kMixed});
  centres_.resize(balls_.size() * static_cast<size_t>(num_factors_));
  for (int64_t child = children; child < children + 2; ++child) {
    measure(balls_[static_cast<size_t>(child)], centres_.data() + child * num_factors_);
  }
}

void InteractionSearch::lay_out_leaves() {
  columns_.resize(order_.size() * static_cast<size_t>(num_factors_));
  for (const Ball& leaf : balls_) {
    if (leaf.children != 0) {
      continue;
    }
    float* column = columns_.data() + leaf.begin * num_factors_;
    for (int factor = 0; factor < num_factors_; ++factor) {
      for (int64_t at = leaf.begin; at < leaf.end; ++at) {
        *column++ = vector(feature(at))[factor];
      }
    }
  }
}

// No |<v, u>| with u in the ball is larger: the least of three bounds. The last is
// <v, u> = (|v|^2 + |u|^2 - |v - u|^2) / 2, where |v - u| is at least |v - centre| - radius.
double InteractionSearch::bound_of(int64_t position, const Ball& to, const double* centre) const {
  const double length = norm(position);
  const double product = std::abs(inner_product(vector(feature(position)), centre, num_factors_));
  const double by_ball = product + length * to.radius;
  const double by_norms = length * to.largest_norm;
  const double apart = length * length + to.norm_of_centre * to.norm_of_centre - 2.0 * product;
  const double gap = std::max(0.0, std::sqrt(std::max(0.0, apart)) - to.radius);
  const double squares = length * length + to.largest_norm * to.largest_norm;
  return std::min({by_ball, by_norms, 0.5 * (squares - gap * gap)}) + kRounding * squares;
}

void InteractionSearch::run(size_t begin, size_t end, int num_threads) {
  if (begin > end || end > by_norm_.size()) {
    throw std::invalid_argument("there are " + std::to_string(by_norm_.size()) + " vectors");
  }
  parallel_ranges(
      static_cast<int64_t>(end - begin), num_threads,
      [&](int64_t first, int64_t last) {
        std::vector<Reached> waiting;
        for (int64_t at = first; at < last; ++at) {
          search(by_norm_[begin + static_cast<size_t>(at)], waiting);
        }
      },
      kVectorsPerRange);
}

// Meets the vectors at later positions, so that each pair is met once.
void InteractionSearch::search(int64_t position, std::vector<Reached>& waiting) {
  waiting.clear();
  reach(position, 0, waiting);
  while (!waiting.empty()) {
    const Reached next = waiting.back();
    waiting.pop_back();
    if (pruned(next.bound)) {
      continue;
    }
    const Ball& at = ball(next.ball);
    if (at.children == 0) {
      search_leaf(position, at);
      continue;
    }
    reach(position, at.children, waiting);
    reach(position, at.children + 1, waiting);
    const size_t size = waiting.size();
    if (size >= 2 && waiting[size - 2].bound > waiting[size - 1].bound) {
      std::swap(waiting[size - 2], waiting[size - 1]);
    }
  }
}

void InteractionSearch::reach(int64_t position, int64_t index,
                              std::vector<Reached>& waiting) const {
  const Ball& to = ball(index);
  const bool behind = to.end <= position + 1;
  if (behind || (to.field != kMixed && to.field == fields_[feature(position)])) {
    return;
  }
  const double bound = bound_of(position, to, centre(index));
  if (!pruned(bound)) {
    waiting.push_back({bound, index});
  }
}

void InteractionSearch::search_leaf(int64_t position, const Ball& leaf) {
  const float* v = vector(feature(position));
  const float* column = columns_.data() + leaf.begin * num_factors_;
  const int64_t size = leaf.end - leaf.begin;
  float products[kLeafSize] = {};
  for (int factor = 0; factor < num_factors_; ++factor, column += size) {
    for (int64_t j = 0; j < size; ++j) {
      products[j] += v[factor] * column[j];
    }
  }
  // What single precision may have lost.
  const double loss =
      (num_factors_ + 2) * 0x1p-23 * norm(position) * leaf.largest_norm + kUnderflow;
  for (int64_t j = std::max(int64_t{0}, position + 1 - leaf.begin); j < size; ++j) {
    if (!pruned(std::abs(double{products[j]}) + loss)) {
      try_pair(feature(position), feature(leaf.begin + j));
    }
  }
}

void InteractionSearch::try_pair(int64_t one, int64_t other) {
  if (fields_ != nullptr && fields_[one] == fields_[other]) {
    return;
  }
  const int64_t first = std::min(one, other), second = std::max(one, other);
  const Interaction found{inner_product(vector(first), vector(second), num_factors_), first,
                          second};
  if (found.inner_product == 0.0 || pruned(std::abs(found.inner_product))) {
    return;
  }
  const std::lock_guard lock(mutex_);
  if (best_.size() == count_) {
    if (!stronger(found, best_.front())) {
      return;
    }
    std::pop_heap(best_.begin(), best_.end(), stronger);
    best_.pop_back();
  }
  best_.push_back(found);
  std::push_heap(best_.begin(), best_.end(), stronger);
  if (best_.size() == count_) {
    weakest_.store(std::abs(best_.front().inner_product), std::memory_order_relaxed);
  }
}

std::vector<Interaction> InteractionSearch::result() const {
  std::vector<Interaction> sorted = best_;
  std::sort(sorted.begin(), sorted.end(), stronger);
  return sorted;
}

}  // namespace pairloom
