#include "resource/core_choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aion::resource {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// Nodes of cores with two threads each, numbered from 0.
std::vector<Cpu> machine(std::uint32_t nodes, std::uint32_t cores_each) {
  std::vector<Cpu> cpus;
  for (std::uint32_t core = 0; core < nodes * cores_each; ++core) {
    for (std::uint32_t thread = 0; thread < 2; ++thread) {
      cpus.push_back({2 * core + thread, core, core / cores_each});
    }
  }
  return cpus;
}

std::vector<bool> taken(std::size_t size, std::initializer_list<std::size_t> positions) {
  std::vector<bool> is_taken(size);
  for (const std::size_t position : positions) {
    is_taken[position] = true;
  }
  return is_taken;
}

TEST(CoreChoice, TakesWholeCores) {
  EXPECT_THAT(choose_cpus(machine(1, 3), taken(6, {0}), 2), ElementsAre(2, 3));
}

TEST(CoreChoice, FillsCoresThatOthersUseBeforeItBreaksAnIdleOne) {
  EXPECT_THAT(choose_cpus(machine(1, 3), taken(6, {4}), 1), ElementsAre(5));
}

TEST(CoreChoice, BreaksAnIdleCoreForTheRest) {
  EXPECT_THAT(choose_cpus(machine(1, 2), taken(4, {}), 3), ElementsAre(0, 1, 2));
}

TEST(CoreChoice, StaysOnOneNodeAndTakesTheTightestThatSuffices) {
  EXPECT_THAT(choose_cpus(machine(2, 2), taken(8, {4, 5}), 2), ElementsAre(6, 7));
  EXPECT_THAT(choose_cpus(machine(2, 2), taken(8, {4, 5}), 4), ElementsAre(0, 1, 2, 3));
}

TEST(CoreChoice, SpansNodesOnlyWhereNoneSuffices) {
  EXPECT_THAT(choose_cpus(machine(2, 2), taken(8, {4, 5}), 5), ElementsAre(0, 1, 2, 3, 6));
}

TEST(CoreChoice, TakesNothingWhereTooFewAreFree) {
  EXPECT_THAT(choose_cpus(machine(1, 2), taken(4, {0, 1, 2}), 2), IsEmpty());
}

}  // namespace
}  // namespace aion::resource
