// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "platform/smartfusion2/spi_bus.h"

namespace connect_auth::smartfusion2 {

/// SPI controller 0 (UG0331, "Serial Peripheral Interface Controller"), as master in mode 3 of the
/// part on its first select line. The processor moves each octet itself.
class MssSpi final : public SpiBus {
 public:
  Status Transfer(ConstBytes command, ConstBytes data, Bytes into) override;
};

}  // namespace connect_auth::smartfusion2
