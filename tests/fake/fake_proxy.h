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

/// A proxy in front of a server: takes one request, gives one answer, and from then on passes on
/// what comes, as it is. Stalls as `FakeConnection` does.
class FakeProxy final : public Connection {
 public:
  /// @param server  Borrowed for the life of this object, and so is `answer`.
  /// @param chunk   Most octets of request or answer that one call moves; at least 1.
  FakeProxy(Connection& server, std::string_view answer, std::size_t chunk)
      : server_(server), answer_(AsBytes(answer)), chunk_(chunk) {}

  Status Connect(std::string_view host, std::uint16_t port) override {
    return server_.Connect(host, port);
  }

  IoResult Write(ConstBytes data) override {
    if (is_through()) {
      return server_.Write(data);
    }
    const std::size_t size = std::min({data.size(), chunk_, request_.size() - request_size_});
    if (Stalls() || size == 0) {
      return IoResult::Error(Status::kPending);
    }
    CopyBytes(data.first(size), Bytes(request_).subspan(request_size_));
    request_size_ += size;
    return IoResult::Bytes(size);
  }

  IoResult Read(Bytes into) override {
    if (is_through()) {
      return server_.Read(into);
    }
    if (Stalls() || !request().ends_with("\r\n\r\n")) {
      return IoResult::Error(Status::kPending);
    }
    const ConstBytes rest = answer_.subspan(answered_);
    const std::size_t size = std::min({into.size(), chunk_, rest.size()});
    CopyBytes(rest.first(size), into);
    answered_ += size;
    return IoResult::Bytes(size);
  }

  void Close() override {
    server_.Close();
    request_size_ = 0;
    answered_ = 0;
  }

  std::string_view request() const { return AsText(ConstBytes(request_).first(request_size_)); }

 private:
  bool is_through() const { return answered_ == answer_.size(); }
  bool Stalls() { return ++calls_ % 2 == 1; }

  Connection& server_;
  ConstBytes answer_;
  std::size_t chunk_;
  std::array<std::uint8_t, 2048> request_{};
  std::size_t request_size_ = 0;
  std::size_t answered_ = 0;
  std::uint32_t calls_ = 0;
};
static_assert(std::is_trivially_destructible_v<FakeProxy>);

}  // namespace connect_auth::fake
