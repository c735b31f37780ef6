// SPDX-License-Identifier: Apache-2.0
#include "agent/http/extra_fields.h"

#include <array>

#include "agent/encoding/byte_writer.h"
#include "agent/http/ascii.h"

namespace connect_auth {
namespace {

/// What the request says of itself, and what ends with one connection.
constexpr std::array<std::string_view, 16> kNotToBeAdded = {"accept-encoding",
                                                            "authorization",
                                                            "connection",
                                                            "content-length",
                                                            "expect",
                                                            "host",
                                                            "keep-alive",
                                                            "proxy-authenticate",
                                                            "proxy-authorization",
                                                            "proxy-connection",
                                                            "te",
                                                            "trailer",
                                                            "transfer-encoding",
                                                            "upgrade",
                                                            "user-agent",
                                                            "http2-settings"};

bool MayBeAdded(std::string_view name) {
  for (const std::string_view taken : kNotToBeAdded) {
    if (EqualsIgnoringCase(name, taken)) {
      return false;
    }
  }
  return !name.empty() && AllAre(name, IsTokenCharacter);
}

}  // namespace

Status ExtraFields::Add(std::string_view name, std::string_view value) {
  if (!MayBeAdded(name) || !AllAre(value, IsFieldCharacter)) {
    return Status::kInvalidArgument;
  }
  ByteWriter line(room_.subspan(size_));
  line.Put(name);
  line.Put(": ");
  line.Put(value);
  line.Put("\r\n");
  if (line.overflowed()) {
    return Status::kBufferTooSmall;
  }
  size_ += line.size();
  return Status::kOk;
}

}  // namespace connect_auth
