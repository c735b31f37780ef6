// SPDX-License-Identifier: Apache-2.0
#include "agent/http/request_writer.h"

#include "agent/encoding/base64.h"
#include "agent/encoding/form.h"

namespace connect_auth {
namespace {

constexpr std::string_view kBasic = "Authorization: Basic ";
constexpr std::string_view kBearer = "Authorization: Bearer ";
constexpr std::string_view kLineEnd = "\r\n";

/// Room for the Base64 of `octets`, and its end part where the plain octets are to be put.
struct BasicRoom {
  BasicRoom(ByteWriter& into, std::size_t octets)
      : whole(into.Reserve(Base64EncodedSize(octets))),
        plain(whole.empty() ? whole : whole.last(octets)) {}

  Bytes whole;
  Bytes plain;
};

}  // namespace

void RequestWriter::Begin(std::string_view method, std::string_view target, const Origin& origin) {
  into_.Put(method);
  into_.Put(' ');
  into_.Put(target);
  into_.Put(" HTTP/1.1\r\nHost: ");
  into_.Put(origin.is_ipv6 ? std::string_view("[") : std::string_view());
  into_.Put(origin.host);
  into_.Put(origin.is_ipv6 ? std::string_view("]") : std::string_view());
  if (origin.port != kHttpsPort) {
    into_.Put(':');
    into_.PutDecimal(origin.port);
  }
  into_.Put(kLineEnd);
}

void RequestWriter::Field(std::string_view name, std::string_view value) {
  into_.Put(name);
  into_.Put(": ");
  into_.Put(value);
  into_.Put(kLineEnd);
}

void RequestWriter::ContentLength(std::size_t octets) {
  into_.Put("Content-Length: ");
  into_.PutDecimal(octets);
  into_.Put(kLineEnd);
}

void RequestWriter::BasicAuthorization(std::string_view id, SecretView secret) {
  into_.Put(kBasic);
  const BasicRoom room(into_, id.size() + 1 + secret.size());
  if (!room.whole.empty()) {
    ByteWriter plain(room.plain);
    plain.Put(id);
    plain.Put(':');
    plain.Put(secret.Reveal());
    EncodeBase64(plain.written(), room.whole);
  }
  into_.Put(kLineEnd);
}

void RequestWriter::FormEncodedBasicAuthorization(std::string_view id, SecretView secret) {
  into_.Put(kBasic);
  const BasicRoom room(into_, FormEncodedSize(id) + 1 + FormEncodedSize(secret.Reveal()));
  if (!room.whole.empty()) {
    ByteWriter plain(room.plain);
    FormEncode(id, plain);
    plain.Put(':');
    FormEncode(secret.Reveal(), plain);
    EncodeBase64(plain.written(), room.whole);
  }
  into_.Put(kLineEnd);
}

void RequestWriter::BearerAuthorization(SecretView token) {
  into_.Put(kBearer);
  into_.Put(token.Reveal());
  into_.Put(kLineEnd);
}

void RequestWriter::End() {
  // Without Accept-Encoding the server may use any coding (RFC 9110 section 12.5.3).
  Field("Accept-Encoding", "identity");
  Field("User-Agent", "connect-auth");
  into_.Put(kLineEnd);
}

}  // namespace connect_auth
