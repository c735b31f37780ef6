// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace connect_auth::test {

/// Makes a partition of the MTD device /dev/mtd0, which stands until the next boot.
///
/// @param name  At most 63 characters that no other partition's name contains.
/// @return N of its /dev/mtdN, or -1 with errno.
int AddPartition(const char* name, std::uint32_t start, std::uint32_t length);

/// @return N of the MTD device whose name contains `name`, or -1.
int NumberOfMtd(const char* name);

}  // namespace connect_auth::test
