// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "port/bytes.h"

namespace connect_auth {

/// Characters that `EncodeBase64` makes of `count` octets, padding included.
constexpr std::size_t Base64EncodedSize(std::size_t count) {
  return (count + 2) / 3 * 4;
}

/// Writes `from` in Base64 (RFC 4648 section 4: standard alphabet, padded, no line feeds).
///
/// Constant-time: neither a table index nor a branch depends on the octets, since client secrets
/// pass through here.
///
/// @param from  Borrowed during the call. May lie at the very end of `into`: each group of three
///              octets is read before the four characters that might cover it are written.
/// @param into  Borrowed during the call; all of it is written.
/// @pre into.size() == Base64EncodedSize(from.size())
void EncodeBase64(ConstBytes from, Bytes into);

}  // namespace connect_auth
