// SPDX-License-Identifier: Apache-2.0
//
// Common to the contract suites. A suite is the contract of a port header as tests: it runs on
// every implementation that can be reached, the fakes included. It uses no heap, no file and no
// thread of its own, so that it can run on a target; what it needs from the outside it
// asks of a fixture.
#pragma once

#include <array>
#include <cstddef>

#include "tests/cmocka.h"

namespace connect_auth::contract {

template <std::size_t kCount>
using Suite = std::array<CMUnitTest, kCount>;

/// A test that finds `fixture` in its state.
template <typename Fixture>
CMUnitTest On(Fixture& fixture, const char* name, CMUnitTestFunction test) {
  return {name, test, nullptr, nullptr, &fixture};
}

template <typename Fixture>
Fixture& FixtureOf(void** state) {
  return *static_cast<Fixture*>(*state);
}

/// @return the number of tests that failed.
template <std::size_t kCount>
int Run(const char* group, const Suite<kCount>& suite) {
  return _cmocka_run_group_tests(group, suite.data(), suite.size(), nullptr, nullptr);
}

}  // namespace connect_auth::contract

/// An entry of a suite, named after its function.
#define CONNECT_AUTH_CONTRACT(fixture, test) ::connect_auth::contract::On(fixture, #test, test)
