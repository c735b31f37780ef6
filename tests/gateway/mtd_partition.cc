// SPDX-License-Identifier: Apache-2.0
//
// Makes the partition of the gateway's store, at the beginning of /dev/mtd0. It stands until the
// next boot.
//
// usage: mtd_partition BLOCKS

#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "tests/gateway/partition.h"

int main(int argc, char** argv) {
  constexpr std::uint32_t kBlockBytes = 4096;
  const unsigned long blocks = argc == 2 ? std::strtoul(argv[1], nullptr, 10) : 0;
  if (connect_auth::test::AddPartition("store", 0,
                                       static_cast<std::uint32_t>(blocks) * kBlockBytes) < 0) {
    std::perror("mtd_partition");
    return 1;
  }
  return 0;
}
