// SPDX-License-Identifier: Apache-2.0
#include "platform/smartfusion2/firmware/text_sink.h"

#include <array>
#include <cstring>

#include "agent/encoding/byte_writer.h"

namespace connect_auth::smartfusion2 {

Line& Line::Add(std::int64_t number) {
  std::array<std::uint8_t, 24> text;
  ByteWriter writer(text);
  if (number < 0) {
    writer.Put('-');
  }
  // Also of the least number there is, which has no opposite.
  writer.PutDecimal(number < 0 ? 0 - static_cast<std::uint64_t>(number)
                               : static_cast<std::uint64_t>(number));
  return Add(AsText(writer.written()));
}

Line& Line::AddAddress(std::uint32_t address) {
  std::array<std::uint8_t, 4> octets;
  std::memcpy(octets.data(), &address, octets.size());
  Add(octets[0]);
  for (const std::uint8_t octet : {octets[1], octets[2], octets[3]}) {
    Add(".").Add(octet);
  }
  return *this;
}

}  // namespace connect_auth::smartfusion2
