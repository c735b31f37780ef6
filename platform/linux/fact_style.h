// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace connect_auth::program {

/// How the facts of `status` are written.
enum class FactStyle : std::uint8_t {
  kLines,  ///< `name value` on lines, for people.
  kBrief,  ///< The same of what changes, for people who watch.
  kJson,   ///< An object.
};

/// `lines`, `brief`, `json`
std::string_view NameOf(FactStyle style);

}  // namespace connect_auth::program
