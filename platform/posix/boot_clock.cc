// SPDX-License-Identifier: Apache-2.0

#include "platform/posix/boot_clock.h"

#include <fcntl.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include <array>

#include "platform/posix/descriptor.h"

namespace connect_auth::posix {
namespace {

#ifdef CLOCK_BOOTTIME
constexpr clockid_t kMonotonic = CLOCK_BOOTTIME;
#else
constexpr clockid_t kMonotonic = CLOCK_MONOTONIC;
#endif

constexpr UnixSeconds kStartOf2024{1704067200};

constinit pthread_once_t boot_id_once = PTHREAD_ONCE_INIT;
constinit std::uint64_t known_boot_id = 0;

/// @return -1 when `c` is no hexadecimal digit.
constexpr int HexDigit(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  if (c >= 'a' && c <= 'f') {
    return c - 'a' + 10;
  }
  if (c >= 'A' && c <= 'F') {
    return c - 'A' + 10;
  }
  return -1;
}

std::uint64_t ReadBootId() {
  const Descriptor file(::open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC));
  if (!file.valid()) {
    return 0;
  }
  std::array<char, 40> text{};
  const ssize_t size = ::read(file.get(), text.data(), text.size());
  return size > 0 ? FirstBitsOfUuid({text.data(), static_cast<std::size_t>(size)}) : 0;
}

}  // namespace

Instant BootClock::Now() const {
  timespec now{};
  ::clock_gettime(kMonotonic, &now);
  return Instant{std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000};
}

Result<UnixSeconds> BootClock::WallTime() const {
  timespec now{};
  if (::clock_gettime(CLOCK_REALTIME, &now) != 0) {
    return Status::kUnavailable;
  }
  return IfPlausible(UnixSeconds{now.tv_sec});
}

std::uint64_t BootClock::boot_id() const {
  ::pthread_once(&boot_id_once, [] { known_boot_id = ReadBootId(); });
  return known_boot_id;
}

Result<UnixSeconds> IfPlausible(UnixSeconds seconds) {
  if (seconds < kStartOf2024) {
    return Status::kUnavailable;
  }
  return seconds;
}

std::uint64_t FirstBitsOfUuid(std::string_view uuid) {
  std::uint64_t bits = 0;
  int digits = 0;
  for (const char c : uuid) {
    const int digit = HexDigit(c);
    if (digit < 0) {
      continue;
    }
    bits = bits << 4 | static_cast<std::uint64_t>(digit);
    if (++digits == 16) {
      return bits;
    }
  }
  return 0;
}

}  // namespace connect_auth::posix
