// SPDX-License-Identifier: Apache-2.0
//
// Keeps one record in the ring store on a partition of /dev/mtd0, and replaces it again and again.
//
// usage: mtd_updates COUNT
//
// Says "found N", where N is the number of the last update, 0 without one, then for each update
// "stored N". Whoever cuts the power knows that an update said to be stored has to be found again.

#include <termios.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "agent/store/ring_storage.h"
#include "platform/posix/mtd_flash.h"
#include "tests/gateway/partition.h"

using namespace connect_auth;  // NOLINT(google-build-using-namespace): a program, not a header

namespace {

constexpr std::uint32_t kBlockBytes = 4096;
constexpr std::uint32_t kBlocks = 4;
constexpr std::size_t kMostBytes = 1000;

using Record = std::array<std::uint8_t, kMostBytes>;

/// The record of an update: its number, then octets and a size that follow from it.
Bytes RecordOf(std::uint32_t number, Record& into) {
  const std::size_t size = 200 + number * 37 % (kMostBytes - 200);
  std::uint32_t random = number;
  for (std::size_t at = 0; at < size; ++at) {
    random = random * 1664525 + 1013904223;
    into[at] = static_cast<std::uint8_t>(random >> 24);
  }
  std::memcpy(into.data(), &number, sizeof number);
  return Bytes(into).first(size);
}

int Fail(const char* what, const posix::MtdFlash& flash) {
  std::printf("%s: %s\n", what, std::strerror(flash.last_error()));
  return 1;
}

/// @return false  What is stored is none of the records.
bool FindLast(Storage& storage, std::uint32_t& number) {
  Record found;
  Record expected;
  const IoResult loaded = storage.Load("token", found);
  if (!loaded.ok()) {
    number = 0;
    return loaded.status() == Status::kNotFound;
  }
  std::memcpy(&number, found.data(), sizeof number);
  const ConstBytes record = RecordOf(number, expected);
  return loaded.bytes() == record.size() &&
         std::memcmp(found.data(), record.data(), record.size()) == 0;
}

/// Nothing else happens before it has left the gateway.
void Say(const char* what, std::uint32_t number) {
  std::printf("%s %u\n", what, static_cast<unsigned>(number));
  std::fflush(stdout);
  ::tcdrain(STDOUT_FILENO);
}

bool Update(Storage& storage, std::uint32_t number) {
  Record memory;
  if (storage.Store("token", RecordOf(number, memory)) != Status::kOk) {
    return false;
  }
  Say("stored", number);
  return storage.Idle() != Status::kUnavailable;
}

}  // namespace

int main(int argc, char** argv) {
  const unsigned long count = argc == 2 ? std::strtoul(argv[1], nullptr, 10) : 0;
  const int mtd = test::AddPartition("updates", 0, kBlocks * kBlockBytes);
  std::array<char, 32> path{};
  std::snprintf(path.data(), path.size(), "/dev/mtd%d", mtd);
  posix::MtdFlash flash;
  if (mtd < 0 || flash.Open(path.data()) != posix::MtdFlash::Kind::kUsable) {
    return Fail("no partition", flash);
  }
  RingStorage storage(flash);
  std::uint32_t number = 0;
  if (!FindLast(storage, number)) {
    return Fail("garbage", flash);
  }
  Say("found", number);
  for (const unsigned long last = number + count; number < last; ++number) {
    if (!Update(storage, number + 1)) {
      return Fail("not stored", flash);
    }
  }
  Say("moves", storage.moves());
  return 0;
}
