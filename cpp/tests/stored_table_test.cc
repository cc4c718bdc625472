#include "pairloom/stored_table.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "pairloom/interactions.h"

namespace pairloom {

namespace {

// Every pattern of bits and ranks that a damaged file may hold leads to an entry that is there.
TEST_CASE("a damaged index leads to no entry outside the table") {
  const uint64_t patterns[] = {0, 1, ~uint64_t{0}, uint64_t{1} << 63, 0x5555555555555555u};
  const uint32_t wrong_ranks[] = {0, 1, 2, 63, std::numeric_limits<uint32_t>::max()};
  for (const uint64_t bits : patterns) {
    for (const uint32_t rank : wrong_ranks) {
      const uint64_t trained[] = {bits, ~bits};
      const uint32_t ranks[] = {rank, rank};
      const StoredFeatures features{100, trained, ranks, 3};
      for (int64_t feature = 0; feature < 100; ++feature) {
        CHECK(features.entry(feature) >= 0);
        CHECK(features.entry(feature) <= 3);
        CHECK((features.trained(feature) || features.entry(feature) == 3));
      }
    }
  }
}

TEST_CASE("an index counts the trained features before one") {
  const uint64_t trained[] = {0x8000000000000005u, 0x2u};  // 0, 2, 63, 65
  const uint32_t ranks[] = {0, 3};
  const StoredFeatures features{66, trained, ranks, 4};
  CHECK(features.entry(0) == 0);
  CHECK(features.entry(1) == 4);
  CHECK(features.entry(2) == 1);
  CHECK(features.entry(63) == 2);
  CHECK(features.entry(64) == 4);
  CHECK(features.entry(65) == 3);
}

TEST_CASE("equal products are ranked by features, whatever the threads") {
  const std::vector<float> factors(600, 1.0f);
  for (const int threads : {1, 2, 5}) {
    InteractionSearch search(factors.data(), 300, 2, nullptr, 4);
    search.run(0, search.num_vectors(), threads);
    const auto found = search.result();
    REQUIRE(found.size() == 4);
    for (size_t i = 0; i < 4; ++i) {
      CHECK(found[i].first == 0);
      CHECK(found[i].second == static_cast<int64_t>(i) + 1);
      CHECK(found[i].inner_product == 2.0);
    }
  }
}

}  // namespace

}  // namespace pairloom
