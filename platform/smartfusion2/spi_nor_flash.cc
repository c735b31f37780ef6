// SPDX-License-Identifier: Apache-2.0
#include "platform/smartfusion2/spi_nor_flash.h"

namespace connect_auth::smartfusion2 {

Status SpiNorFlash::Check(std::uint32_t address, std::size_t size) const {
  const std::uint32_t end = geometry().size();
  if (address > end || size > end - address) {
    return Status::kInvalidArgument;
  }
  return first_ + end <= part_.size() ? Status::kOk : Status::kUnavailable;
}

Status SpiNorFlash::Read(std::uint32_t address, Bytes into) {
  const Status status = Check(address, into.size());
  return status == Status::kOk ? part_.Read(first_ + address, into) : status;
}

Status SpiNorFlash::Program(std::uint32_t address, ConstBytes data) {
  const Status status = Check(address, data.size());
  if (status != Status::kOk) {
    return status;
  }
  const std::uint32_t last = address + static_cast<std::uint32_t>(data.size()) - 1;
  if (address / SpiNor::kBlockBytes != last / SpiNor::kBlockBytes) {
    return Status::kInvalidArgument;
  }
  return part_.Program(first_ + address, data);
}

Status SpiNorFlash::Erase(std::uint32_t block) {
  if (block >= blocks_) {
    return Status::kInvalidArgument;
  }
  const std::uint32_t address = block * SpiNor::kBlockBytes;
  const Status status = Check(address, SpiNor::kBlockBytes);
  return status == Status::kOk ? part_.EraseBlock(first_ + address) : status;
}

}  // namespace connect_auth::smartfusion2
