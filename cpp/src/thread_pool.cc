#include "pairloom/thread_pool.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace pairloom {

namespace {

constexpr int kSpins = 2000;  // some tens of microseconds: longer than a step's gaps

// A thread that sleeps is woken late where the machine is shared, and often on the core that its
// waker still needs. So it first offers its core to others for longer than members of a team drift
// apart.
constexpr std::chrono::milliseconds kYielding{5};

void pause_briefly() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

void await_change_of(std::atomic<uint32_t>& value, uint32_t old) {
  for (int spin = 0; spin < kSpins; ++spin) {
    if (value.load(std::memory_order_acquire) != old) {
      return;
    }
    pause_briefly();
  }
  const auto until = std::chrono::steady_clock::now() + kYielding;
  while (std::chrono::steady_clock::now() < until) {
    if (value.load(std::memory_order_acquire) != old) {
      return;
    }
    std::this_thread::yield();
  }
  while (value.load(std::memory_order_acquire) == old) {
    value.wait(old, std::memory_order_acquire);
  }
}

using Task = std::function<void(const TeamMember&)>;

class ThreadPool {
 public:
  // False when the pool is busy: the caller then works alone.
  bool run(int team_size, const Task& task) {
    std::unique_lock<std::mutex> busy(mutex_, std::try_to_lock);
    if (!busy.owns_lock()) {
      return false;
    }
    team_size = grow_to(team_size);
    task_ = &task;
    TeamBarrier barrier(team_size);
    team_size_ = team_size;
    barrier_ = &barrier;
    failure_ = nullptr;
    unfinished_.store(static_cast<uint32_t>(workers_.size()), std::memory_order_relaxed);
    round_.fetch_add(1, std::memory_order_release);
    round_.notify_all();
    work(0);
    for (uint32_t left; (left = unfinished_.load(std::memory_order_acquire)) != 0;) {
      await_change_of(unfinished_, left);
    }
    if (failure_ != nullptr) {
      std::rethrow_exception(failure_);
    }
    return true;
  }

 private:
  int grow_to(int team_size);
  void serve(int member, uint32_t seen);
  void work(int member);

  std::mutex mutex_;
  std::mutex failure_mutex_;
  std::vector<std::thread> workers_;
  const Task* task_ = nullptr;
  int team_size_ = 0;
  TeamBarrier* barrier_ = nullptr;
  std::exception_ptr failure_;
  alignas(64) std::atomic<uint32_t> round_{0};
  alignas(64) std::atomic<uint32_t> unfinished_{0};
};

thread_local bool inside_team = false;

// Makes the workers still missing; where the system refuses a thread the team stays smaller.
int ThreadPool::grow_to(int team_size) {
  while (static_cast<int>(workers_.size()) + 1 < team_size) {
    const int member = static_cast<int>(workers_.size()) + 1;
    try {
      workers_.emplace_back([this, member, seen = round_.load()] { serve(member, seen); });
    } catch (const std::system_error&) {
      return member;
    }
  }
  return team_size;
}

void ThreadPool::work(int member) {
  inside_team = true;
  try {
    (*task_)({member, team_size_, *barrier_});
  } catch (...) {
    const std::lock_guard<std::mutex> lock(failure_mutex_);
    if (failure_ == nullptr) {
      failure_ = std::current_exception();
    }
  }
  inside_team = false;
}

void ThreadPool::serve(int member, uint32_t seen) {
  for (;;) {
    await_change_of(round_, seen);
    ++seen;
    if (member < team_size_) {
      work(member);
    }
    unfinished_.fetch_sub(1, std::memory_order_acq_rel);
    unfinished_.notify_one();
  }
}

// Never destroyed: its threads sleep until the process ends. In the child of a fork they do not
// exist, so the child starts with a new pool and forgets the parent's.
std::atomic<ThreadPool*> current_pool{nullptr};

void forget_pool_after_fork() {
  current_pool.store(nullptr);
  inside_team = false;
}

ThreadPool& pool() {
  static std::once_flag registered;
  std::call_once(registered, [] { pthread_atfork(nullptr, nullptr, forget_pool_after_fork); });
  ThreadPool* existing = current_pool.load(std::memory_order_acquire);
  if (existing == nullptr) {
    auto* made = new ThreadPool;
    if (current_pool.compare_exchange_strong(existing, made)) {
      return *made;
    }
    delete made;
  }
  return *existing;
}

}  // namespace

void run_team(int num_threads, const Task& task) {
  if (num_threads <= 1 || inside_team || !pool().run(num_threads, task)) {
    TeamBarrier alone(1);
    task({0, 1, alone});
  }
}

void parallel_ranges(int64_t count, int num_threads,
                     const std::function<void(int64_t, int64_t)>& task, int64_t range_size) {
  const int64_t ranges = (count + range_size - 1) / range_size;
  std::atomic<int64_t> next{0};
  run_team(static_cast<int>(std::min<int64_t>(num_threads, ranges)), [&](const TeamMember&) {
    for (int64_t range; (range = next.fetch_add(1, std::memory_order_relaxed)) < ranges;) {
      task(range * range_size, std::min(count, (range + 1) * range_size));
    }
  });
}

void TeamBarrier::await_change(uint32_t generation) { await_change_of(generation_, generation); }

}  // namespace pairloom
