// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "port/bytes.h"

namespace connect_auth {

/// Most arrays and objects inside one another. cJSON is built with the same limit, so that its
/// recursion, the only one in the agent, is bounded.
inline constexpr std::size_t kMaxJsonNesting = 8;

/// Refuses what cJSON would let pass although RFC 8259 does not: octets that are not UTF-8, raw
/// control characters, and, to be sure of the stack, too deep nesting; also the escape \u0000, and
/// with it those whose digits are none, which cJSON takes for it: they would cut a C string short.
/// Whatever else is wrong with the text cJSON finds itself.
bool IsJsonTextPlausible(ConstBytes text);

}  // namespace connect_auth
