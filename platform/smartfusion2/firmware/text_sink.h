// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace connect_auth::smartfusion2 {

/// Where text for people goes: the console.
class TextSink {
 public:
  /// @param text  Borrowed during the call.
  virtual void Write(std::string_view text) = 0;

 protected:
  ~TextSink() = default;  // Never deleted through the interface.
};

/// One line on its way to a sink, which ends with this object.
///
///     Line(console).Add("SAMPLE status=").Add(200);
class Line {
 public:
  /// @param sink  Borrowed for the life of this object.
  explicit Line(TextSink& sink) : sink_(sink) {}
  ~Line() { sink_.Write("\r\n"); }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  Line& Add(std::string_view text) {
    sink_.Write(text);
    return *this;
  }
  Line& Add(std::int64_t number);
  /// An IPv4 address, in the order of octets of the network.
  Line& AddAddress(std::uint32_t address);

 private:
  TextSink& sink_;
};

}  // namespace connect_auth::smartfusion2
