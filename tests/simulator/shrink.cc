// SPDX-License-Identifier: Apache-2.0
#include "tests/simulator/shrink.h"

#include <algorithm>
#include <iterator>

namespace connect_auth::simulator {
namespace {

bool StillBreaks(const Script& script, Rule rule) {
  return Run(script).broken == rule;
}

Script Without(const Script& script, std::size_t from, std::size_t count) {
  Script shorter = script;
  const auto begin = shorter.events.begin() + static_cast<std::ptrdiff_t>(from);
  shorter.events.erase(
      begin, begin + static_cast<std::ptrdiff_t>(std::min(count, script.events.size() - from)));
  return shorter;
}

}  // namespace

Script Shrink(const Script& script, const Outcome& outcome) {
  Script least = script;
  least.length = std::min(script.length, outcome.broken_at + 1);
  std::erase_if(least.events, [&](const Event& event) { return event.at > outcome.broken_at; });
  least = StillBreaks(least, outcome.broken) ? least : script;
  for (std::size_t part = std::max<std::size_t>(least.events.size() / 2, 1); part > 0;) {
    bool shortened = false;
    for (std::size_t from = 0; from < least.events.size();) {
      const Script shorter = Without(least, from, part);
      if (StillBreaks(shorter, outcome.broken)) {
        least = shorter;
        shortened = true;
      } else {
        from += part;
      }
    }
    part = part == 1 && shortened ? 1 : part / 2;
  }
  return least;
}

}  // namespace connect_auth::simulator
