// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

#include "platform/linux/secret_buffer.h"

namespace connect_auth::program {

/// Reads the whole of a file, past the buffers of the C library.
///
/// @param path   "-": standard input.
/// @param limit  Most octets to take.
/// @param into   Empty; holds what was read.
/// @return 0, or an errno: EFBIG when there is more than `limit`
int ReadFile(const std::string& path, std::size_t limit, SecretBuffer& into);

/// Whether users other than the file's owner may read it (or write it). False when there is no
/// such file.
bool IsOpenToOthers(const std::string& path);

}  // namespace connect_auth::program
