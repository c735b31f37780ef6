// SPDX-License-Identifier: Apache-2.0
#include "agent/provisioning/provision_receiver.h"

namespace connect_auth {
namespace {

constexpr unsigned kNoDigit = 16;

unsigned DigitOf(char c) {
  if (c >= '0' && c <= '9') {
    return static_cast<unsigned>(c - '0');
  }
  return c >= 'a' && c <= 'f' ? static_cast<unsigned>(c - 'a') + 10 : kNoDigit;
}

bool IsHex(std::string_view text) {
  for (const char c : text) {  // std::all_of is twice as much code.
    if (DigitOf(c) == kNoDigit) {
      return false;
    }
  }
  return true;
}

bool IsHexLine(std::string_view line) {
  return !line.empty() && line.size() % 2 == 0 &&
         line.size() <= 2 * ProvisionReceiver::kOctetsPerLine && IsHex(line);
}

}  // namespace

Status ProvisionReceiver::Take(std::string_view line) {
  if (line == kEnd) {
    return size_ == 0 ? Status::kFailedPrecondition : Status::kOk;
  }
  if (!IsHexLine(line)) {
    return Drop(Status::kMalformed);
  }
  if (line.size() / 2 > room_.size() - size_) {
    return Drop(Status::kBufferTooSmall);
  }
  for (std::size_t i = 0; i < line.size(); i += 2) {
    room_[size_++] = static_cast<std::uint8_t>(DigitOf(line[i]) << 4 | DigitOf(line[i + 1]));
  }
  return Status::kPending;
}

Status ProvisionReceiver::Drop(Status why) {
  Reset();
  return why;
}

}  // namespace connect_auth
