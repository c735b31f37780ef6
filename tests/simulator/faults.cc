// SPDX-License-Identifier: Apache-2.0
#include "tests/simulator/faults.h"

#include <array>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string_view>

namespace connect_auth::simulator {
namespace {

Ending ToEnding(std::string_view word) {
  constexpr std::array<std::string_view, 4> kWords = {"open", "notice", "cut", "reset"};
  std::uint8_t number = 0;
  while (number < kWords.size() - 1 && kWords[number] != word) {
    ++number;
  }
  return static_cast<Ending>(number);
}

}  // namespace

std::vector<Fault> ReadFaults(const char* path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<Fault> faults;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    Fault fault;
    std::string ending;
    std::size_t size = 0;
    words >> fault.latches >> fault.retry_after >> ending >> size >> std::ws;
    std::getline(words, fault.name);
    fault.ending = ToEnding(ending);
    fault.wire.resize(size);
    if (!words || !file.read(fault.wire.data(), static_cast<std::streamsize>(size))) {
      return {};
    }
    faults.push_back(fault);
  }
  return faults;
}

}  // namespace connect_auth::simulator
