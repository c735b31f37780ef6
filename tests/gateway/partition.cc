// SPDX-License-Identifier: Apache-2.0

#include "tests/gateway/partition.h"

#include <fcntl.h>
#include <linux/blkpg.h>
#include <sys/ioctl.h>

#include <array>
#include <cstdio>
#include <cstring>

#include "platform/posix/descriptor.h"

namespace connect_auth::test {

int AddPartition(const char* name, std::uint32_t start, std::uint32_t length) {
  blkpg_partition partition{};
  partition.start = start;
  partition.length = length;
  std::snprintf(partition.devname, sizeof partition.devname, "%s", name);
  blkpg_ioctl_arg argument{BLKPG_ADD_PARTITION, 0, sizeof partition, &partition};
  const posix::Descriptor device(::open("/dev/mtd0", O_RDWR | O_CLOEXEC));
  if (!device.valid() || ::ioctl(device.get(), BLKPG, &argument) != 0) {
    return -1;
  }
  return NumberOfMtd(name);
}

int NumberOfMtd(const char* name) {
  std::FILE* const list = std::fopen("/proc/mtd", "r");
  if (list == nullptr) {
    return -1;
  }
  std::array<char, 200> line{};
  int number = -1;
  while (number < 0 && std::fgets(line.data(), line.size(), list) != nullptr) {
    if (std::strstr(line.data(), name) == nullptr ||
        std::sscanf(line.data(), "mtd%d:", &number) != 1) {
      number = -1;
    }
  }
  std::fclose(list);
  return number;
}

}  // namespace connect_auth::test
