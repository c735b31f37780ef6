// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "agent/failure.h"
#include "agent/http/body_source.h"
#include "agent/http/request_body.h"
#include "agent/http/response_parser.h"
#include "port/bytes.h"
#include "port/clock.h"
#include "port/network.h"

namespace connect_auth {

/// One HTTP request and its response over one connection, which may be kept for the next.
///
///     Start()             connected            all sent             response complete
///   kIdle ──► kConnecting ───────► kSending ──────────► kReceiving ──────────────────► kDone
///                  │                   │ final head received ▲
///                  │                   ├─────────────────────┤
///                  └── error, deadline, response too large ──┴───────────────────────► kFailed
///
/// A server may answer before it has taken the whole request, and read no more of it. So while
/// content is sent, an answer is looked for as well; when it comes, sending ends, and the answer is
/// read (RFC 9112 section 9.5).
///
/// A connection that is kept is looked at before anything is sent: the server may have closed it.
/// Then, and if nothing at all could be sent, another one is made. What was sent, wholly or in
/// part, is never sent again.
///
/// Not thread-safe. Never blocks: each `Poll()` makes at most one port call that moves bytes.
/// After kFailed every call repeats the same Status until `Clear()`. The request is wiped whichever
/// way it ends, and the connection closed, unless it is to be kept and good for that.
class Exchange {
 public:
  enum class Delivery : std::uint8_t {
    /// The content must fit the buffer, and stands there at the end. That of an answer other than
    /// 200 is dropped if it does not fit: its status says enough.
    kWhole,
    kStreamed,  ///< The caller takes the content piece by piece with `TakeBody()`.
  };

  struct Request {
    std::string_view host;  ///< Borrowed until the connection is closed.
    std::uint16_t port = 0;
    std::size_t head_size = 0;  ///< Octets of request already placed at the buffer's front.
    ConstBytes body;            ///< More octets to send behind them; borrowed until sent.
    /// Content instead of that, passed on through the buffer; nullptr: none. Borrowed until the
    /// exchange ends.
    BodySource* body_source = nullptr;
    bool response_has_body = true;  ///< false for HEAD.
    Delivery delivery = Delivery::kWhole;
    Millis keep_for{0};  ///< How long the connection is kept after the response; 0: it is not.
    Bytes head_copy;     ///< Where the response's head is to be kept; empty: nowhere.
    Instant connect_deadline;  ///< By when the connection must stand.
    Instant deadline;          ///< By when the whole response must be there.
  };

  /// @param connection, clock  Borrowed for the life of this object.
  /// @param buffer             Borrowed for the life of this object. Holds the request while
  ///                           sending, then the response's content.
  constexpr Exchange(Connection& connection, const Clock& clock, Bytes buffer)
      : connection_(connection), clock_(clock), buffer_(buffer) {}
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  /// @return kPending             Started.
  /// @return kInvalidArgument     `head_size` is 0 or larger than the buffer; or the buffer is too
  ///                              small to pass content on: less than 2 * RequestBody::kLeastRoom.
  /// @return kFailedPrecondition  Not idle: `Clear()` before the request is placed in the buffer.
  Status Start(const Request& request);

  /// Advances by one step.
  ///
  /// @return kOk                  The response is complete.
  /// @return kPending             Poll again as `waits_for()` says, at `deadline()`, and when a
  ///                              source that had no octets has some; kStreamed: `TakeBody()`
  ///                              first.
  /// @return kFailedPrecondition  Nothing was started.
  /// @return kTimeout             A deadline passed.
  /// @return kBufferTooSmall      kWhole: the content does not fit the buffer.
  /// @return kMalformed           The peer broke the protocol, see `reason()`.
  /// @return other                What the connection's `Connect`, `Write` or `Read` said; or, with
  ///                              Reason::kBodySource, `RequestBody::Next`.
  Status Poll();

  /// Wipes what it has used of the buffer, and returns to kIdle, from any phase. Closes the
  /// connection, unless it is kept.
  void Clear();
  /// As `Clear()`, and closes in any case.
  void Abort();

  /// Until when the connection is kept for the next request, if that is for the same host and port;
  /// Never: none is kept. Then `CloseUnused()` closes it.
  Instant kept_until() const { return kept_ ? kept_until_ : Instant::Never(); }
  void CloseUnused();
  /// Whether the exchange goes, or went, over a connection that was kept.
  bool reused() const { return reused_; }

  /// The content received so far and not yet taken.
  ///
  /// @return  Borrowed until the next `Poll()` or `Clear()`.
  ConstBytes body() const { return buffer_.first(filled_); }

  /// As `body()`, and forgets it, so that the next `Poll()` may use its room.
  ConstBytes TakeBody();

  /// What lies in the buffer behind the content: free for the owner's use once kDone.
  Bytes free_buffer() { return buffer_.subspan(filled_); }

  /// Meaningful once its `head_complete()`.
  const ResponseParser& response() const { return parser_; }
  /// The kept part of the response's head; empty without `head_copy`.
  ConstBytes head() const;

  /// What the last kPending waits for; kNothing: poll again at once.
  ///
  /// @param connection  What the connection itself waits for, as of its last call.
  Interest waits_for(Interest connection) const {
    return phase_ == Phase::kSending ? waits_for_ : connection;
  }
  /// Sees to it that the same content can be sent once more by another exchange.
  ///
  /// @return false  The source has handed out octets and cannot go back.
  bool RewindBody() { return body_.Rewind(); }

  /// When the present phase runs out of time.
  Instant deadline() const;
  /// The connection stands, and nothing has been sent over it yet.
  bool about_to_send() const { return phase_ == Phase::kSending && !sent_anything_ && !look_next_; }
  /// Whether the request may have reached the server, wholly or in part.
  bool sent_anything() const { return sent_anything_; }
  /// Why it failed. kConnectionLost also stands for "the connection itself knows better".
  Reason reason() const { return reason_; }

 private:
  enum class Phase : std::uint8_t { kIdle, kConnecting, kSending, kReceiving, kDone, kFailed };

  bool active() const { return phase_ >= Phase::kConnecting && phase_ <= Phase::kReceiving; }
  void Reset();
  bool TakeKept(const Request& request);
  Status Connect();
  Status Reconnect();
  Status Send();
  Status Write();
  void BeginBody();
  Status FetchBody();
  void EndSending();
  Status Look();
  Status Receive();
  Status ReadInto(Bytes room);
  Status Accept(Bytes received);
  Status DoesNotFit();
  void KeepHead(ConstBytes received);
  Status Complete();
  Status Fail(Status why, Reason reason);

  Connection& connection_;
  const Clock& clock_;
  Bytes buffer_;
  Request request_{};
  RequestBody body_;
  ConstBytes unsent_;
  std::size_t reserved_ = 0;  // of the buffer, from its front, for the request being sent
  std::size_t filled_ = 0;
  std::size_t used_ = 0;  // of the buffer, by request or response: what is to be wiped
  std::size_t head_kept_ = 0;
  Instant kept_until_;
  ResponseParser parser_;
  Phase phase_ = Phase::kIdle;
  Status failure_ = Status::kOk;
  Reason reason_ = Reason::kNone;
  Interest waits_for_ = Interest::kNothing;  // in kSending
  bool sent_anything_ = false;
  bool sends_body_ = false;  // The head has been sent.
  bool sent_all_ = false;
  bool look_next_ = false;  // before anything more is sent
  bool kept_ = false;       // The connection is, and serves no exchange.
  bool reused_ = false;
};

}  // namespace connect_auth
