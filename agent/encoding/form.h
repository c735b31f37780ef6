// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

#include "agent/encoding/byte_writer.h"

namespace connect_auth {

/// Octets that `FormEncode` makes of `value`.
std::size_t FormEncodedSize(std::string_view value);

/// Appends `value` as application/x-www-form-urlencoded (RFC 6749 appendix B): letters, digits
/// and `* - . _` stay, a space becomes '+', all else becomes %XX with upper-case digits.
///
/// @param value  UTF-8; the caller has checked it. Borrowed during the call.
void FormEncode(std::string_view value, ByteWriter& into);

}  // namespace connect_auth
