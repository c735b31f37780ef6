// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "platform/smartfusion2/spi_nor.h"
#include "port/flash.h"

namespace connect_auth::smartfusion2 {

/// An area of a serial NOR part.
class SpiNorFlash final : public Flash {
 public:
  /// @param part                 Borrowed for the life of this object. Where it is not identified,
  ///                             or ends before the area does, every operation is kUnavailable.
  /// @param first_block, blocks  The area, in blocks of SpiNor::kBlockBytes. 2..255 blocks.
  constexpr SpiNorFlash(SpiNor& part, std::uint32_t first_block, std::uint32_t blocks)
      : part_(part), first_(first_block * SpiNor::kBlockBytes), blocks_(blocks) {}
  SpiNorFlash(const SpiNorFlash&) = delete;
  SpiNorFlash& operator=(const SpiNorFlash&) = delete;

  FlashGeometry geometry() const override { return {SpiNor::kBlockBytes, blocks_, 1, true}; }
  Status Read(std::uint32_t address, Bytes into) override;
  Status Program(std::uint32_t address, ConstBytes data) override;
  Status Erase(std::uint32_t block) override;

 private:
  Status Check(std::uint32_t address, std::size_t size) const;

  SpiNor& part_;
  std::uint32_t first_;
  std::uint32_t blocks_;
};

}  // namespace connect_auth::smartfusion2
