// SPDX-License-Identifier: Apache-2.0
#include "agent/encoding/byte_writer.h"

namespace connect_auth {

Bytes ByteWriter::Reserve(std::size_t count) {
  size_ += count;
  return overflowed() ? Bytes() : into_.subspan(size_ - count, count);
}

void ByteWriter::Put(ConstBytes bytes) {
  const Bytes room = Reserve(bytes.size());
  if (!room.empty()) {
    CopyBytes(bytes, room);
  }
}

void ByteWriter::Put(std::string_view text) {
  Put(AsBytes(text));
}

void ByteWriter::Put(char c) {
  Put(std::string_view(&c, 1));
}

void ByteWriter::PutDecimal(std::uint64_t value) {
  char digits[20];
  std::size_t first = sizeof digits;
  do {
    digits[--first] = static_cast<char>('0' + value % 10);
    value /= 10;
  } while (value != 0);
  Put(std::string_view(digits + first, sizeof digits - first));
}

}  // namespace connect_auth
