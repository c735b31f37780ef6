// SPDX-License-Identifier: Apache-2.0
#include "agent/http/exchange.h"

#include <algorithm>

namespace connect_auth {

Status Exchange::Start(const Request& request) {
  if (phase_ != Phase::kIdle) {
    return Status::kFailedPrecondition;
  }
  const bool fits =
      request.head_size <= buffer_.size() &&
      (request.body_source == nullptr || buffer_.size() >= 2 * RequestBody::kLeastRoom);
  if (request.head_size == 0 || !fits) {
    return Status::kInvalidArgument;
  }
  reused_ = TakeKept(request);
  request_ = request;
  body_ = RequestBody(request.body, request.body_source);
  reserved_ = request.head_size;
  unsent_ = buffer_.first(reserved_);
  used_ = reserved_;
  parser_.Reset(request.response_has_body);
  phase_ = Phase::kConnecting;
  return Status::kPending;
}

Status Exchange::Poll() {
  if (active() && clock_.Now() >= deadline()) {
    return Fail(Status::kTimeout,
                phase_ == Phase::kConnecting ? Reason::kConnectTimeout : Reason::kOperationTimeout);
  }
  switch (phase_) {
    case Phase::kConnecting:
      return Connect();
    case Phase::kSending:
      return Send();
    case Phase::kReceiving:
      return Receive();
    case Phase::kDone:
      return Status::kOk;
    case Phase::kFailed:
      return failure_;
    case Phase::kIdle:
      break;
  }
  return Status::kFailedPrecondition;
}

void Exchange::Clear() {
  if (!kept_) {
    connection_.Close();
  }
  Reset();
}

void Exchange::Abort() {
  connection_.Close();
  kept_ = false;
  Reset();
}

void Exchange::CloseUnused() {
  if (kept_ && clock_.Now() >= kept_until_) {
    connection_.Close();
    kept_ = false;
  }
}

/// Whether there is a kept connection for the request; one that is for another goes.
bool Exchange::TakeKept(const Request& request) {
  CloseUnused();
  // Without room to look whether it still stands, it is of no use.
  const bool fits = kept_ && request.host == request_.host && request.port == request_.port &&
                    request.head_size < buffer_.size();
  if (kept_ && !fits) {
    connection_.Close();
  }
  kept_ = false;
  return fits;
}

/// But for the host and port that a kept connection is for.
void Exchange::Reset() {
  Wipe(buffer_.first(used_));
  used_ = 0;
  Request none;
  none.host = request_.host;
  none.port = request_.port;
  request_ = none;
  body_ = RequestBody();
  unsent_ = {};
  reserved_ = 0;
  filled_ = 0;
  head_kept_ = 0;
  failure_ = Status::kOk;
  reason_ = Reason::kNone;
  sent_anything_ = false;
  sends_body_ = false;
  sent_all_ = false;
  look_next_ = false;
  reused_ = false;
  phase_ = Phase::kIdle;
}

Instant Exchange::deadline() const {
  return phase_ == Phase::kConnecting ? std::min(request_.connect_deadline, request_.deadline)
                                      : request_.deadline;
}

Status Exchange::Connect() {
  const Status status = connection_.Connect(request_.host, request_.port);
  if (status == Status::kPending) {
    return status;
  }
  if (status != Status::kOk) {
    return Fail(status, Reason::kConnectionLost);
  }
  phase_ = Phase::kSending;
  waits_for_ = Interest::kNothing;
  look_next_ = reused_;
  return Status::kPending;
}

/// The kept connection is of no use, and nothing of the request went over it.
Status Exchange::Reconnect() {
  connection_.Close();
  reused_ = false;
  look_next_ = false;
  phase_ = Phase::kConnecting;
  return Status::kPending;
}

/// Sends and looks for an answer in turns, so that each `Poll()` does only one of them.
Status Exchange::Send() {
  waits_for_ = Interest::kNothing;
  if (look_next_) {
    return Look();
  }
  return unsent_.empty() ? FetchBody() : Write();
}

Status Exchange::Write() {
  const IoResult sent = connection_.Write(unsent_);
  if (sent.status() == Status::kPending) {
    look_next_ = true;
    waits_for_ = reserved_ < buffer_.size() ? Interest::kEither : Interest::kWritable;
    return Status::kPending;
  }
  if (!sent.ok()) {
    const bool is_stale = reused_ && !sent_anything_;
    return is_stale ? Reconnect() : Fail(sent.status(), Reason::kConnectionLost);
  }
  sent_anything_ = true;
  look_next_ = sends_body_;  // Nobody answers so early that it is worth looking behind the head.
  unsent_ = unsent_.subspan(sent.bytes());
  if (!unsent_.empty()) {
    return Status::kPending;
  }
  if (!sends_body_) {
    BeginBody();
  }
  return FetchBody();
}

void Exchange::BeginBody() {
  Wipe(buffer_.first(reserved_));
  sends_body_ = true;
  // The other half is for an answer that comes early.
  reserved_ = request_.body_source != nullptr ? buffer_.size() / 2 : 0;
  used_ = std::max(used_, reserved_);
}

Status Exchange::FetchBody() {
  const Result<ConstBytes> piece = body_.Next(buffer_.first(reserved_));
  if (piece.status() == Status::kClosed) {
    sent_all_ = true;
    EndSending();
  } else if (piece.status() == Status::kPending) {
    look_next_ = true;
    waits_for_ = Interest::kReadable;
  } else if (!piece.ok()) {
    return Fail(piece.status(), Reason::kBodySource);
  } else {
    unsent_ = piece.value();
  }
  return Status::kPending;
}

/// From now on the whole buffer is the response's.
void Exchange::EndSending() {
  Wipe(buffer_.first(reserved_));
  reserved_ = 0;
  unsent_ = {};
  phase_ = Phase::kReceiving;
}

/// Whether the server answers before it has the whole request.
Status Exchange::Look() {
  look_next_ = false;
  const Bytes room = buffer_.subspan(reserved_);
  return room.empty() ? Status::kPending : ReadInto(room);
}

Status Exchange::Receive() {
  const Bytes room = free_buffer();
  if (room.empty()) {
    // kStreamed: the caller did not take what is there; wait for it to do so.
    return request_.delivery == Delivery::kStreamed ? Status::kPending : DoesNotFit();
  }
  return ReadInto(room);
}

Status Exchange::ReadInto(Bytes room) {
  const IoResult got = connection_.Read(room);
  if (got.status() == Status::kPending) {
    return Status::kPending;
  }
  if (reused_ && !sent_anything_) {
    return Reconnect();  // It ended, broke, or brings what nobody has asked for.
  }
  if (got.status() == Status::kClosed) {
    const Status end = parser_.Finish();
    return end == Status::kOk ? Complete() : Fail(end, parser_.reason());
  }
  if (!got.ok()) {
    return Fail(got.status(), Reason::kConnectionLost);
  }
  used_ = std::max(used_, reserved_ + filled_ + got.bytes());
  return Accept(room.first(got.bytes()));
}

Status Exchange::Accept(Bytes received) {
  KeepHead(received);
  const IoResult content = parser_.Decode(received);
  if (!content.ok()) {
    return Fail(content.status(), parser_.reason());
  }
  if (phase_ == Phase::kSending && parser_.head_complete()) {
    EndSending();
    CopyBytes(received.first(content.bytes()), buffer_);
  }
  constexpr std::uint16_t kFirstError = 300;
  if (!parser_.content_coded()) {
    filled_ += content.bytes();
  } else if (parser_.head_complete() && parser_.status() < kFirstError && content.bytes() > 0) {
    return Fail(Status::kMalformed, Reason::kContentCoding);
  }
  if (parser_.complete()) {
    return Complete();
  }
  // Before the end of the head, its status may count more than a content that does not fit.
  if (request_.delivery == Delivery::kWhole && parser_.head_complete() &&
      parser_.announced() > free_buffer().size()) {
    return DoesNotFit();
  }
  return Status::kPending;
}

Status Exchange::DoesNotFit() {
  constexpr std::uint16_t kOkStatus = 200;
  if (!parser_.head_complete() || parser_.status() == kOkStatus) {
    return Fail(Status::kBufferTooSmall, Reason::kResponseTooLarge);
  }
  filled_ = 0;
  return Complete();
}

void Exchange::KeepHead(ConstBytes received) {
  if (parser_.head_complete()) {
    return;
  }
  const Bytes room = request_.head_copy.subspan(head_kept_);
  const std::size_t count = std::min(room.size(), received.size());
  CopyBytes(received.first(count), room);
  head_kept_ += count;
}

ConstBytes Exchange::head() const {
  // The last piece kept may reach into the content.
  return request_.head_copy.first(std::min(head_kept_, parser_.head_size()));
}

ConstBytes Exchange::TakeBody() {
  const ConstBytes taken = body();
  filled_ = 0;
  return taken;
}

Status Exchange::Complete() {
  kept_ = sent_all_ && parser_.keeps_connection() && request_.keep_for > Millis{0};
  if (kept_) {
    kept_until_ = clock_.Now() + request_.keep_for;
  } else {
    connection_.Close();
  }
  phase_ = Phase::kDone;
  return Status::kOk;
}

Status Exchange::Fail(Status why, Reason reason) {
  connection_.Close();
  Wipe(buffer_.first(used_));
  filled_ = 0;
  failure_ = why;
  reason_ = reason;
  phase_ = Phase::kFailed;
  return why;
}

}  // namespace connect_auth
