// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "platform/smartfusion2/spi_bus.h"

namespace connect_auth::smartfusion2 {

/// SPI controller 0 (UG0331, "Serial Peripheral Interface Controller"), as master in mode 3 of the
/// part on its first select line. The processor moves each octet itself.
///
/// The bus runs at a quarter of the controller's clock: 17.75 MHz where that is 71 MHz, and below
/// the 40 MHz that parts grant their plain read command even where it is the processor's 142 MHz.
class MssSpi final : public SpiBus {
 public:
  /// An octet that is not through after this many looks, some milliseconds, never will be. Then the
  /// controller is left reset, and the next transaction finds it as good as new.
  static constexpr std::uint32_t kMostPolls = 100'000;

  Status Transfer(ConstBytes command, ConstBytes data, Bytes into) override;
};

}  // namespace connect_auth::smartfusion2
