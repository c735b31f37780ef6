// SPDX-License-Identifier: Apache-2.0
#include "agent/http/request_body.h"

#include <algorithm>

namespace connect_auth {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kLastChunk = "0\r\n\r\n";
/// Room in front of a chunk's octets: as many digits as a count in an `IoResult` can have.
constexpr std::size_t kSizeLine = 8 + kLineEnd.size();
static_assert(RequestBody::kLeastRoom == kSizeLine + 1 + kLineEnd.size());

/// Puts a chunk around `count` octets that stand at `room[kSizeLine]`.
ConstBytes Frame(Bytes room, std::size_t count) {
  std::size_t begin = kSizeLine - kLineEnd.size();
  CopyBytes(AsBytes(kLineEnd), room.subspan(begin));
  for (std::size_t rest = count; rest != 0; rest /= 16) {
    room[--begin] = static_cast<std::uint8_t>("0123456789abcdef"[rest % 16]);
  }
  CopyBytes(AsBytes(kLineEnd), room.subspan(kSizeLine + count));
  return room.subspan(begin, kSizeLine + count + kLineEnd.size() - begin);
}

}  // namespace

RequestBody::RequestBody(ConstBytes octets, BodySource* source) : octets_(octets), source_(source) {
  if (source != nullptr) {
    left_ = source->size();
    chunked_ = left_ == BodySource::kUnknownSize;
  }
}

Result<ConstBytes> RequestBody::Next(Bytes room) {
  if (source_ != nullptr) {
    return chunked_ ? NextChunk(room) : NextOctets(room);
  }
  const ConstBytes octets = octets_;
  octets_ = {};
  return octets.empty() ? Result<ConstBytes>(Status::kClosed) : octets;
}

Result<ConstBytes> RequestBody::NextOctets(Bytes room) {
  if (left_ == 0) {
    return Status::kClosed;
  }
  const IoResult got = source_->Read(room.first(std::min(left_, room.size())));
  if (!got.ok()) {
    return got.status() == Status::kClosed ? Status::kUnavailable : got.status();
  }
  taken_ = true;
  left_ -= got.bytes();
  return ConstBytes(room.first(got.bytes()));
}

Result<ConstBytes> RequestBody::NextChunk(Bytes room) {
  if (ended_) {
    return Status::kClosed;
  }
  const IoResult got =
      source_->Read(room.subspan(kSizeLine, room.size() - kSizeLine - kLineEnd.size()));
  if (got.status() == Status::kClosed) {
    ended_ = true;
    return AsBytes(kLastChunk);
  }
  if (!got.ok()) {
    return got.status();
  }
  taken_ = true;
  return Frame(room, got.bytes());
}

}  // namespace connect_auth
