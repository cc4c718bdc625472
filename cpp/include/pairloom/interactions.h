// The strongest interactions of a model: pairs of features with the largest |<v_i, v_j>|, exactly,
// without visiting all pairs.
//
// The factor vectors stand in a tree of balls. Each vector, the longest first, goes down the tree
// to the balls whose bound is not below the weakest of the best pairs so far (Ram and Gray 2012,
// "Maximum inner-product search using cone trees"). What is found does not depend on the order of
// the search: equal products are ranked by feature ids.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

namespace pairloom {

struct Interaction {
  double inner_product;  // summed in double in the order of the factors
  int64_t first, second;
};

class InteractionSearch {
 public:
  // `factors`: num_features x num_factors, finite; `fields`: one per feature, or null. Pairs inside
  // one field and products of zero are left out. Throws std::invalid_argument.
  InteractionSearch(const float* factors, int64_t num_features, int num_factors,
                    const int32_t* fields, size_t count);

  // The work: vectors to be sent down the tree, the most promising first. Ranges of them may be run
  // in any order.
  size_t num_vectors() const { return by_norm_.size(); }
  void run(size_t begin, size_t end, int num_threads);

  // After all vectors: at most `count`, the strongest first.
  std::vector<Interaction> result() const;

 private:
  struct Ball {
    int64_t begin, end;  // positions
    int64_t children;    // the first of two balls side by side; 0 in a leaf
    double radius, norm_of_centre, largest_norm;
    int32_t field;  // the one that all are of, or kMixed
  };
  struct Reached {
    double bound;
    int64_t ball;
  };
  static constexpr int32_t kMixed = -1;

  void check_finite() const;
  void choose_candidates();
  void build();
  void measure(Ball& ball, double* centre);
  void split(int64_t ball);
  void lay_out_leaves();
  double bound_of(int64_t position, const Ball& ball, const double* centre) const;
  void search(int64_t position, std::vector<Reached>& waiting);
  void reach(int64_t position, int64_t ball, std::vector<Reached>& waiting) const;
  void search_leaf(int64_t position, const Ball& leaf);
  void try_pair(int64_t one, int64_t other);

  bool pruned(double bound) const { return bound < weakest_.load(std::memory_order_relaxed); }
  const Ball& ball(int64_t index) const { return balls_[static_cast<size_t>(index)]; }
  int64_t feature(int64_t position) const { return order_[static_cast<size_t>(position)]; }
  double norm(int64_t position) const { return norms_[static_cast<size_t>(feature(position))]; }
  const float* vector(int64_t feature) const { return factors_ + feature * num_factors_; }
  const double* centre(int64_t ball) const { return centres_.data() + ball * num_factors_; }

  const float* factors_;
  int64_t num_features_;
  int num_factors_;
  const int32_t* fields_;
  size_t count_;
  std::vector<double> norms_;     // by feature
  std::vector<int64_t> order_;    // position -> feature, those of a ball side by side
  std::vector<int64_t> by_norm_;  // positions, the longest vector first
  std::vector<Ball> balls_;
  std::vector<double> centres_;       // num_factors per ball
  std::vector<float> columns_;        // each leaf's vectors, factor by factor
  std::atomic<double> weakest_{0.0};  // of `count` pairs, once so many are found
  std::mutex mutex_;
  std::vector<Interaction> best_;  // a heap, the weakest on top
};

}  // namespace pairloom
