#include "pairloom/thread_pool.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

namespace pairloom::testing {

TEST_CASE("parallel_ranges covers every index once") {
  std::vector<std::atomic<int>> counts(10'007);
  parallel_ranges(
      10'007, 4,
      [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          ++counts[static_cast<size_t>(i)];
        }
      },
      64);
  for (const auto& count : counts) {
    CHECK(count == 1);
  }
}

TEST_CASE("an exception of a member reaches the caller and the pool serves on") {
  CHECK_THROWS_AS(run_team(3,
                           [](const TeamMember& member) {
                             if (member.index == member.team_size - 1) {
                               throw std::runtime_error("member failed");
                             }
                           }),
                  std::runtime_error);
  std::atomic<int> members{0};
  run_team(3, [&](const TeamMember&) { ++members; });
  CHECK(members == 3);
}

TEST_CASE("a team inside a team has one member") {
  std::atomic<int> inner_members{0};
  run_team(2, [&](const TeamMember&) {
    run_team(4, [&](const TeamMember& inner) { inner_members += inner.team_size; });
  });
  CHECK(inner_members == 2);
}

TEST_CASE("callers at the same time all finish") {
  std::atomic<int> done{0};
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        run_team(3, [](const TeamMember& member) { member.barrier.meet([] {}); });
      }
      ++done;
    });
  }
  for (auto& caller : callers) {
    caller.join();
  }
  CHECK(done == 4);
}

TEST_CASE("the pool works in the child of a fork") {
  run_team(2, [](const TeamMember&) {});
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    std::atomic<int> members{0};
    run_team(3, [&](const TeamMember&) { ++members; });
    _exit(members == 3 ? 0 : 1);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

}  // namespace pairloom::testing
