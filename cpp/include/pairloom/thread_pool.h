// The process's worker threads: made on first use and again in the child of a fork, woken for one
// call, spinning briefly and then asleep. How many may run is the caller's decision; results never
// depend on it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>

namespace pairloom {

// Where the members of a team meet. The last to arrive runs `serial` before any goes on.
class TeamBarrier {
 public:
  explicit TeamBarrier(int team_size)
      : team_size_(static_cast<uint32_t>(team_size)), missing_(team_size_) {}

  template <class Serial>
  void meet(Serial&& serial) {
    const uint32_t generation = generation_.load(std::memory_order_relaxed);
    if (missing_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      serial();
      missing_.store(team_size_, std::memory_order_relaxed);
      generation_.store(generation + 1, std::memory_order_release);
      generation_.notify_all();
    } else {
      await_change(generation);
    }
  }

 private:
  void await_change(uint32_t generation);

  const uint32_t team_size_;
  alignas(64) std::atomic<uint32_t> missing_;
  alignas(64) std::atomic<uint32_t> generation_{0};
};

// One member of a team, the caller being member 0.
struct TeamMember {
  int index;
  int team_size;
  TeamBarrier& barrier;
};

// Runs the task once per member and returns when all are done; the first exception is rethrown.
// The team has one member when the pool serves another caller or the caller is a worker itself.
void run_team(int num_threads, const std::function<void(const TeamMember&)>& task);

// Cuts 0 .. count into ranges, dealt dynamically; `task` must not care how they are cut.
void parallel_ranges(int64_t count, int num_threads,
                     const std::function<void(int64_t begin, int64_t end)>& task,
                     int64_t range_size = 4096);

}  // namespace pairloom
