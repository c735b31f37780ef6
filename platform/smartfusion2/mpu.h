// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace connect_auth::smartfusion2 {

/// Makes null pointers and an overflow of the handlers' stack fault: no access to the 256 octets at
/// address 0 (the processor itself still reads its vectors there) and to the lowest 32 octets of
/// that stack. What lies below the other stack is no memory anyway.
void ProtectMemory();

}  // namespace connect_auth::smartfusion2
