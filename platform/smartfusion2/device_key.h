// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "port/bytes.h"

namespace connect_auth::smartfusion2 {

/// The key that seals what this device stores: 32 octets in the last page of the eNVM, programmed
/// when the part is flashed, different on each device, and no part of the image. Pages of the eNVM
/// can be locked against reading from outside; the serial NOR cannot.
///
/// @return  Empty where there is none: all octets are alike, as an erased page has them.
ConstBytes DeviceKey();

}  // namespace connect_auth::smartfusion2
