// SPDX-License-Identifier: Apache-2.0
#include "tests/simulator/link.h"

#include <algorithm>
#include <array>

namespace connect_auth::simulator {
namespace {

constexpr std::size_t kMostOfRecord = 16384;
constexpr std::int64_t kRoundTrip = 40;
constexpr std::int64_t kThinking = 150;               // of the server about a request
constexpr std::int64_t kAgentGivesUp = 30 * kSecond;  // Settings::timeout

}  // namespace

/// Counts a call of a device that may lose its power by it.
bool Link::Fails() {
  ++calls_;
  if (calls_left_ > 0 && --calls_left_ == 0) {
    powered_ = false;
  }
  return !powered_ || calls_ == failing_call_;
}

Status Link::Connect(std::string_view host, std::uint16_t port) {
  if (Fails()) {
    broken_ = true;
  }
  if (!open_) {
    open_ = true;
    ++connections_;
    judge_.Connects();
    server_.Connected();
    const bool never = server_.trouble() == Trouble::kNeverConnects;
    connected_at_ = never ? kNever : moment_.now + kRoundTrip;
  }
  if (broken_) {
    return Status::kUnavailable;
  }
  if (moment_.now < connected_at_) {
    return Status::kPending;
  }
  const Trouble trouble = server_.trouble();
  if (trouble == Trouble::kNoName) {
    return Status::kNotFound;
  }
  return trouble == Trouble::kNoConnection ? Status::kUnavailable : peer_.Connect(host, port);
}

IoResult Link::Write(ConstBytes data) {
  if (Fails() || broken_) {
    broken_ = true;
    return IoResult::Error(Status::kUnavailable);
  }
  const std::size_t size = std::min(data.size(), static_cast<std::size_t>(setup_.chunk));
  PrepareFault();
  const IoResult written = peer_.Write(data.first(size));
  Pump();
  return written;
}

/// How many of so many octets come together, at random; there are `most_pieces` at most.
std::size_t Link::DrawPiece(std::size_t whole, std::size_t most_pieces) {
  const auto drawn = static_cast<std::size_t>(dice_.Of<4>({1, 20, 500, 65536}));
  return std::max(whole / most_pieces + 1, drawn);
}

/// How the server cuts and ends what may be its answer.
void Link::PrepareFault() {
  const Fault* const fault = server_.fault();
  const Ending ending = fault != nullptr ? fault->ending : Ending::kNotice;
  peer_.SetEnding(ending == Ending::kNotice, ending == Ending::kCut);
  // By the time, since how often the device writes depends on the keys of the server.
  dice_ = Dice(static_cast<std::uint64_t>(moment_.now));
  peer_.SetRecord(fault != nullptr ? DrawPiece(fault->wire.size(), 2000) : kMostOfRecord);
}

/// Lets the server read and answer.
void Link::Pump() {
  const bool came = server_.present().came;
  const std::size_t before = incoming_.size();
  std::array<std::uint8_t, 4096> part;
  for (;;) {
    const IoResult got = peer_.Read(part);
    if (!got.ok()) {
      ended_ = got.status() == Status::kClosed;
      break;
    }
    incoming_.insert(incoming_.end(), part.begin(),
                     part.begin() + static_cast<std::ptrdiff_t>(got.bytes()));
  }
  readable_at_ = moment_.now + kRoundTrip;
  if (!came && server_.present().came) {
    Arrange(before);
  }
}

/// The answer was given: what becomes of it on its way.
void Link::Arrange(std::size_t before) {
  if (server_.present().asked_for_token) {
    if (in_flight_ && moment_.now < deadline_) {
      judge_.Break(Rule::kOneFlight, "a token was asked for while another request was under way");
    }
    in_flight_ = true;
    deadline_ = moment_.now + kAgentGivesUp - 10 * kSecond;  // It was begun earlier.
  }
  readable_at_ += kThinking;
  if (const Fault* const fault = server_.present().fault; fault != nullptr) {
    piece_ = DrawPiece(incoming_.size() - before, 400);
    breaks_after_ = fault->ending == Ending::kReset;
    return;
  }
  const Trouble trouble = server_.trouble();
  if (trouble == Trouble::kNeverAnswers) {
    readable_at_ = kNever;
  } else if (trouble == Trouble::kLosesAnswers || trouble == Trouble::kTruncatesAnswers) {
    const std::size_t answer = incoming_.size() - before;
    incoming_.resize(before + (trouble == Trouble::kLosesAnswers ? 0 : answer / 2));
    breaks_after_ = true;
  } else if (trouble == Trouble::kSlow || trouble == Trouble::kTooSlow) {
    readable_at_ += (trouble == Trouble::kSlow ? 20 : 40) * kSecond;
  }
}

IoResult Link::Read(Bytes into) {
  if (Fails() || broken_) {
    broken_ = true;
    in_flight_ = false;
    return IoResult::Error(Status::kUnavailable);
  }
  if (moment_.now < readable_at_) {
    return IoResult::Error(Status::kPending);
  }
  const std::size_t most = piece_ > 0 ? piece_ : static_cast<std::size_t>(setup_.chunk);
  const std::size_t size = std::min({into.size(), incoming_.size() - delivered_, most});
  if (size > 0) {
    CopyBytes(ConstBytes(incoming_).subspan(delivered_, size), into);
    delivered_ += size;
    in_flight_ = false;
    if (piece_ > 0 && dice_.OneIn(10)) {
      readable_at_ = moment_.now + dice_.From(1, 200);
    }
    return IoResult::Bytes(size);
  }
  if (breaks_after_) {
    broken_ = true;
    in_flight_ = false;
    return IoResult::Error(Status::kUnavailable);
  }
  if (ended_) {
    return IoResult::Error(Status::kClosed);
  }
  readable_at_ = kNever;  // Until something else is sent.
  return IoResult::Error(Status::kPending);
}

void Link::Close() {
  if (open_) {
    peer_.Close();
  }
  incoming_.clear();
  delivered_ = 0;
  readable_at_ = kNever;
  open_ = false;
  broken_ = false;
  breaks_after_ = false;
  ended_ = false;
  piece_ = 0;
}

std::int64_t Link::ReadyAt(Interest interest) const {
  if (broken_) {
    return moment_.now;
  }
  switch (interest) {
    case Interest::kConnected:
      return connected_at_;
    case Interest::kReadable:
      return readable_at_;
    case Interest::kWritable:
    case Interest::kEither:
    case Interest::kNothing:
      break;
  }
  return moment_.now;
}

}  // namespace connect_auth::simulator
