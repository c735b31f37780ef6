// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "agent/http/body_source.h"

namespace connect_auth::fake {

/// Content in memory that pretends to come from elsewhere: every first, third, ... `Read` answers
/// kPending, and none hands out more than `piece` octets.
class FakeBodySource final : public BodySource {
 public:
  /// @param content  Borrowed for the life of this object.
  /// @param size     What `size()` says.
  /// @param piece    At least 1.
  constexpr FakeBodySource(ConstBytes content, std::size_t size, std::size_t piece)
      : content_(content), size_(size), piece_(piece) {}

  std::size_t size() const override { return size_; }

  IoResult Read(Bytes into) override {
    if (dry_ || ++reads_ % 2 == 1) {
      return IoResult::Error(Status::kPending);
    }
    if (reads_ / 2 == failing_read_) {
      return IoResult::Error(failing_with_);
    }
    const ConstBytes rest = content_.subspan(at_);
    if (rest.empty()) {
      return IoResult::Error(Status::kClosed);
    }
    const std::size_t count = std::min({rest.size(), into.size(), piece_});
    CopyBytes(rest.first(count), into);
    at_ += count;
    return IoResult::Bytes(count);
  }

  bool Rewind() override {
    ++rewinds_;
    at_ = rewinds_well_ ? 0 : at_;
    return rewinds_well_;
  }

  /// Makes the `n`-th `Read` that is not pending fail, counted from 1.
  void FailRead(std::uint32_t n, Status status) {
    failing_read_ = n;
    failing_with_ = status;
  }
  /// Whether it has nothing to hand out for now.
  void SetDry(bool dry) { dry_ = dry; }
  void SetRewindable(bool rewindable) { rewinds_well_ = rewindable; }

  std::uint32_t rewinds() const { return rewinds_; }
  /// Octets handed out since the start.
  std::size_t taken() const { return at_; }

 private:
  ConstBytes content_;
  std::size_t size_;
  std::size_t piece_;
  std::size_t at_ = 0;
  std::uint32_t reads_ = 0;
  std::uint32_t rewinds_ = 0;
  std::uint32_t failing_read_ = 0;
  Status failing_with_ = Status::kOk;
  bool rewinds_well_ = true;
  bool dry_ = false;
};
static_assert(std::is_trivially_destructible_v<FakeBodySource>);

}  // namespace connect_auth::fake
