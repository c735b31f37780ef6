// SPDX-License-Identifier: Apache-2.0
//
// Answers with something wrong in them: those of tests/faults/cases.json.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace connect_auth::simulator {

/// What becomes of the connection behind an answer.
enum class Ending : std::uint8_t {
  kOpen,    ///< Nothing.
  kNotice,  ///< It ends as TLS ends.
  kCut,     ///< It ends without that.
  kReset,   ///< It breaks.
};

struct Fault {
  std::string name;
  std::string wire;
  Ending ending = Ending::kOpen;
  bool latches = false;          ///< It refuses the credentials.
  std::int64_t retry_after = 0;  ///< What the agent makes of it, in seconds.
};

/// @param path  What answers.py has written.
/// @return  Empty: it is not that.
std::vector<Fault> ReadFaults(const char* path);

}  // namespace connect_auth::simulator
