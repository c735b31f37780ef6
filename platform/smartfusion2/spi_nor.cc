// SPDX-License-Identifier: Apache-2.0
#include "platform/smartfusion2/spi_nor.h"

#include <algorithm>

namespace connect_auth::smartfusion2 {
namespace {

constexpr std::uint8_t kReadIdentification = 0x9F;
constexpr std::uint8_t kReadStatus = 0x05;
constexpr std::uint8_t kWriteEnable = 0x06;
constexpr std::uint8_t kRead = 0x03;
constexpr std::uint8_t kPageProgram = 0x02;
constexpr std::uint8_t kBlockErase = 0xD8;
constexpr std::uint8_t kWake = 0xAB;

constexpr std::uint8_t kBusy = 1 << 0;
constexpr std::uint8_t kWriteEnabled = 1 << 1;
constexpr std::uint8_t kNobody = 0xFF;

// log2 of the capacity, as most parts have it in their third octet of identification.
constexpr std::uint8_t kLeastCapacity = 0x11;
constexpr std::uint8_t kMostCapacity = 0x18;

}  // namespace

SpiNor::Command SpiNor::At(std::uint8_t code, std::uint32_t address) {
  return {code, static_cast<std::uint8_t>(address >> 16), static_cast<std::uint8_t>(address >> 8),
          static_cast<std::uint8_t>(address)};
}

Status SpiNor::Identify() {
  size_ = 0;
  // One that was put to sleep answers nothing else; one that is awake makes nothing of it.
  Status status = bus_.Transfer(std::array{kWake}, {}, {});
  // A part that is busy answers nothing but its status.
  if (status == Status::kOk) {
    status = WaitWhileBusy(kEraseTime);
  }
  std::array<std::uint8_t, 3> identity{};
  if (status == Status::kOk) {
    status = bus_.Transfer(std::array{kReadIdentification}, {}, identity);
  }
  if (status != Status::kOk) {
    return status;
  }
  const auto& [maker, family, capacity] = identity;
  if (maker == 0 || maker == kNobody || capacity < kLeastCapacity || capacity > kMostCapacity) {
    return Status::kNotFound;
  }
  size_ = 1U << capacity;
  return Status::kOk;
}

Result<std::uint8_t> SpiNor::ReadStatus() {
  std::array<std::uint8_t, 1> answer{};
  const Status status = bus_.Transfer(std::array{kReadStatus}, {}, answer);
  if (status != Status::kOk) {
    return status;
  }
  return answer[0];
}

Status SpiNor::WaitWhileBusy(Millis at_most) {
  const Instant until = clock_.Now() + at_most;
  for (;;) {
    // Before the status: the processor may have been kept from here for a while in between.
    const bool late = clock_.Now() > until;
    const Result<std::uint8_t> status = ReadStatus();
    if (!status.ok()) {
      return status.status();
    }
    if ((status.value() & kBusy) == 0) {
      return Status::kOk;
    }
    if (late) {
      return status.value() == kNobody ? Status::kNotFound : Status::kUnavailable;
    }
  }
}

// Parts forget it with every change, and some ignore it while they are protected.
Status SpiNor::EnableWriting() {
  const Status sent = bus_.Transfer(std::array{kWriteEnable}, {}, {});
  if (sent != Status::kOk) {
    return sent;
  }
  const Result<std::uint8_t> status = ReadStatus();
  if (!status.ok()) {
    return status.status();
  }
  return (status.value() & kWriteEnabled) != 0 ? Status::kOk : Status::kUnavailable;
}

Status SpiNor::Change(const Command& command, ConstBytes data, Millis at_most) {
  Status status = EnableWriting();
  if (status == Status::kOk) {
    status = bus_.Transfer(command, data, {});
  }
  if (status == Status::kOk) {
    status = WaitWhileBusy(at_most);
  }
  return status == Status::kOk ? status : Status::kUnavailable;
}

Status SpiNor::Read(std::uint32_t address, Bytes into) {
  // Nobody's answer would read as erased cells, and a part that is still busy answers nobody.
  Status status = WaitWhileBusy(kProgramTime);
  while (status == Status::kOk && !into.empty()) {
    const Command command = At(kRead, address);
    const Bytes part = into.first(std::min(into.size(), SpiBus::kMostOctets - command.size()));
    status = bus_.Transfer(command, {}, part);
    address += static_cast<std::uint32_t>(part.size());
    into = into.subspan(part.size());
  }
  return status == Status::kOk ? status : Status::kUnavailable;
}

Status SpiNor::Program(std::uint32_t address, ConstBytes data) {
  while (!data.empty()) {
    // Behind the end of a page parts go on at its beginning.
    const std::size_t room = kPageBytes - address % kPageBytes;
    const ConstBytes part = data.first(std::min(data.size(), room));
    const Status status = Change(At(kPageProgram, address), part, kProgramTime);
    if (status != Status::kOk) {
      return status;
    }
    address += static_cast<std::uint32_t>(part.size());
    data = data.subspan(part.size());
  }
  return Status::kOk;
}

Status SpiNor::EraseBlock(std::uint32_t address) {
  return Change(At(kBlockErase, address), {}, kEraseTime);
}

}  // namespace connect_auth::smartfusion2
