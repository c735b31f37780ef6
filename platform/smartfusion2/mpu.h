// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace connect_auth::smartfusion2 {

/// Makes null pointers and an overflow of the handlers' stack fault: no access to the 256 octets at
/// address 0 (the processor itself still reads its vectors there) and to the lowest 32 octets of
/// that stack. What lies below the other stack is no memory anyway.
void ProtectMemory();

/// Makes any access to a range fault from now on.
///
/// @param begin      A multiple of its size.
/// @param log2_size  5..31.
/// @return 0..7      The region of the MPU that watches it.
/// @return -1        All of them are in use.
int ForbidAccess(const void* begin, unsigned log2_size);

/// Ends what `ForbidAccess` began.
void AllowAccess(int region);

}  // namespace connect_auth::smartfusion2
