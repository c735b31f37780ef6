// SPDX-License-Identifier: Apache-2.0
#include "platform/smartfusion2/device_key.h"

#include <algorithm>
#include <cstddef>

#include "agent/settings.h"

extern "C" const std::uint8_t device_key[];

namespace connect_auth::smartfusion2 {

ConstBytes DeviceKey() {
  const ConstBytes key(device_key, Settings::kRecordKeyBytes);
  const bool blank =
      std::all_of(key.begin(), key.end(), [key](std::uint8_t octet) { return octet == key[0]; });
  return blank ? ConstBytes() : key;
}

}  // namespace connect_auth::smartfusion2
