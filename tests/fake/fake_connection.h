// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "port/network.h"

namespace connect_auth::fake {

/// What follows the last byte of the reply.
enum class End : std::uint8_t {
  kOpen,    ///< Nothing: `Read` says kPending for ever.
  kClosed,  ///< An orderly end of stream.
  kBroken,  ///< The connection breaks: kUnavailable.
};

/// A server that replies with the same bytes to whatever it is asked, and before it is asked unless
/// `ReplyAfter()` says otherwise.
///
/// Every first, third, ... call of each of `Connect`, `Read` and `Write` answers kPending, so that
/// "would block" is never an untested path. Nothing moves in pieces larger than `chunk`.
///
/// Each `Connect` after a `Close` begins a new connection with the reply from its first byte.
class FakeConnection final : public Connection {
 public:
  /// @param reply  What `Read` delivers once connected. Borrowed for the life of this object.
  /// @param chunk  Most bytes that one call moves; at least 1.
  /// @param sent   Records what is written, over all connections. Borrowed for the life of this
  ///               object. When it is full, `Write` says kPending for ever.
  constexpr FakeConnection(ConstBytes reply, std::size_t chunk, End end, Bytes sent)
      : reply_(reply), sent_(sent), chunk_(chunk), end_(end) {}

  /// A peer that sends back what it receives.
  static constexpr FakeConnection Echo(std::size_t chunk, Bytes sent) {
    FakeConnection connection({}, chunk, End::kOpen, sent);
    connection.echo_ = true;
    return connection;
  }

  Status Connect(std::string_view host, std::uint16_t port) override {
    const Status injected = Count();
    if (host.empty() || host.size() > kMaxHostBytes || port == 0) {
      return Status::kInvalidArgument;
    }
    if (phase_ == Phase::kConnected) {
      return Status::kOk;
    }
    if (phase_ == Phase::kFailed || phase_ == Phase::kBroken) {
      return failure_;
    }
    if (injected != Status::kOk) {
      return Break(Phase::kFailed, injected);
    }
    Remember(host, port);
    if (Stalls(connect_calls_)) {
      return Status::kPending;
    }
    if (connect_outcome_ == Status::kPending) {
      return Status::kPending;
    }
    if (connect_outcome_ != Status::kOk) {
      return Break(Phase::kFailed, connect_outcome_);
    }
    phase_ = Phase::kConnected;
    ++connects_;
    delivered_ = 0;
    connection_start_ = sent_size_;
    return Status::kOk;
  }

  IoResult Write(ConstBytes data) override {
    const Status ready = Enter(write_calls_);
    if (ready != Status::kOk) {
      return IoResult::Error(ready);
    }
    const std::size_t size = std::min({data.size(), chunk_, sent_.size() - sent_size_});
    if (size == 0) {
      return IoResult::Error(Status::kPending);
    }
    CopyBytes(data.first(size), sent_.subspan(sent_size_));
    sent_size_ += size;
    return IoResult::Bytes(size);
  }

  IoResult Read(Bytes into) override {
    const Status ready = Enter(read_calls_);
    if (ready != Status::kOk) {
      return IoResult::Error(ready);
    }
    if (sent_size_ < reply_after_) {
      return IoResult::Error(Status::kPending);
    }
    const ConstBytes rest = incoming().subspan(delivered_);
    if (rest.empty()) {
      return IoResult::Error(AtEnd());
    }
    const std::size_t size = std::min({into.size(), chunk_, rest.size()});
    CopyBytes(rest.first(size), into);
    delivered_ += size;
    return IoResult::Bytes(size);
  }

  void Close() override {
    closes_ += is_open() ? 1U : 0U;
    phase_ = Phase::kIdle;
  }

  /// Makes the `n`-th port call fail with `status` and breaks the connection. Counts `Connect`,
  /// `Read` and `Write` together, from 1 over the life of this object.
  void FailCall(std::uint32_t n, Status status) {
    failing_call_ = n;
    failing_with_ = status;
  }

  /// Nothing is delivered, nor ended, before so many octets were written, over all connections.
  void ReplyAfter(std::size_t octets) { reply_after_ = octets; }

  /// How connecting ends from now on: kOk, kNotFound, kUnavailable; kPending for never.
  void SetConnectOutcome(Status outcome) { connect_outcome_ = outcome; }

  /// Replaces what is delivered, from its first byte, on this connection and later ones.
  ///
  /// @param reply  Borrowed for the life of this object.
  void SetReply(ConstBytes reply, End end) {
    delivered_ = 0;
    reply_ = reply;
    end_ = end;
  }

  /// Everything written, over all connections. Borrowed until the next `Write`.
  ConstBytes sent() const { return sent_.first(sent_size_); }
  /// The host and port of the last `Connect`.
  std::string_view host() const { return {host_.data(), host_size_}; }
  std::uint16_t port() const { return port_; }
  /// Calls of `Connect`, `Read` and `Write`.
  std::uint32_t calls() const { return calls_; }
  /// Connections that were established.
  std::uint32_t connects() const { return connects_; }
  /// Times that `Close` released something; a second `Close` in a row does not count.
  std::uint32_t closes() const { return closes_; }
  /// Whether something is established or under way that `Close` has to release.
  bool is_open() const { return phase_ != Phase::kIdle; }

 private:
  enum class Phase : std::uint8_t { kIdle, kConnecting, kConnected, kFailed, kBroken };

  static constexpr std::size_t kMaxHostBytes = 253;

  /// @return the failure that is due at this call, else kOk.
  Status Count() { return ++calls_ == failing_call_ ? failing_with_ : Status::kOk; }

  static bool Stalls(std::uint32_t& calls) { return ++calls % 2 == 1; }

  Status Enter(std::uint32_t& calls) {
    const Status injected = Count();
    if (phase_ == Phase::kBroken) {
      return Status::kUnavailable;
    }
    if (phase_ != Phase::kConnected) {
      return Status::kFailedPrecondition;
    }
    if (injected != Status::kOk) {
      return Break(Phase::kBroken, injected);
    }
    return Stalls(calls) ? Status::kPending : Status::kOk;
  }

  Status AtEnd() {
    switch (end_) {
      case End::kOpen:
        return Status::kPending;
      case End::kClosed:
        return Status::kClosed;
      case End::kBroken:
        break;
    }
    return Break(Phase::kBroken, Status::kUnavailable);
  }

  Status Break(Phase into, Status why) {
    phase_ = into;
    failure_ = why;
    return why;
  }

  void Remember(std::string_view host, std::uint16_t port) {
    phase_ = Phase::kConnecting;
    host_size_ = host.copy(host_.data(), host_.size());
    port_ = port;
  }

  ConstBytes incoming() const { return echo_ ? sent().subspan(connection_start_) : reply_; }

  ConstBytes reply_;
  Bytes sent_;
  std::size_t chunk_;
  std::size_t sent_size_ = 0;
  std::size_t delivered_ = 0;
  std::size_t reply_after_ = 0;
  std::size_t connection_start_ = 0;  // Of sent_, where the present connection began.
  std::array<char, kMaxHostBytes> host_{};
  std::size_t host_size_ = 0;
  std::uint32_t calls_ = 0;
  std::uint32_t connect_calls_ = 0;
  std::uint32_t read_calls_ = 0;
  std::uint32_t write_calls_ = 0;
  std::uint32_t failing_call_ = 0;
  std::uint32_t connects_ = 0;
  std::uint32_t closes_ = 0;
  std::uint16_t port_ = 0;
  Status failing_with_ = Status::kOk;
  Status connect_outcome_ = Status::kOk;
  Status failure_ = Status::kOk;
  Phase phase_ = Phase::kIdle;
  End end_;
  bool echo_ = false;
};
static_assert(std::is_trivially_destructible_v<FakeConnection>);

}  // namespace connect_auth::fake
