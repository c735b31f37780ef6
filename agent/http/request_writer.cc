// SPDX-License-Identifier: Apache-2.0
#include "agent/http/request_writer.h"

#include "agent/encoding/base64.h"
#include "agent/encoding/form.h"

namespace connect_auth {
namespace {

using namespace std::literals;  // A view of a plain literal is measured at run time with -Os.

constexpr std::string_view kLineEnd = "\r\n";

/// What is behind "Basic", before its Base64.
void PutCredentials(std::string_view id, SecretView secret, bool form_encoded, ByteWriter& into) {
  if (form_encoded) {
    FormEncode(id, into);
    into.Put(':');
    FormEncode(secret.Reveal(), into);
  } else {
    into.Put(id);
    into.Put(':');
    into.Put(secret.Reveal());
  }
}

}  // namespace

void RequestWriter::Begin(std::string_view method, std::string_view target, const Origin& origin) {
  into_.Put(method);
  into_.Put(' ');
  into_.Put(target);
  into_.Put(" HTTP/1.1\r\nHost: "sv);
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
  into_.Put(": "sv);
  into_.Put(value);
  into_.Put(kLineEnd);
}

void RequestWriter::ContentLength(std::size_t octets) {
  into_.Put("Content-Length: "sv);
  into_.PutDecimal(octets);
  into_.Put(kLineEnd);
}

void RequestWriter::BasicAuthorization(std::string_view id, SecretView secret, bool form_encoded) {
  ByteWriter measure({});
  PutCredentials(id, secret, form_encoded, measure);
  into_.Put("Authorization: Basic "sv);
  const Bytes encoded = into_.Reserve(Base64EncodedSize(measure.size()));
  if (!encoded.empty()) {
    ByteWriter plain(encoded.last(measure.size()));
    PutCredentials(id, secret, form_encoded, plain);
    EncodeBase64(plain.written(), encoded);
  }
  into_.Put(kLineEnd);
}

void RequestWriter::BearerAuthorization(SecretView token) {
  into_.Put("Authorization: Bearer "sv);
  into_.Put(token.Reveal());
  into_.Put(kLineEnd);
}

void RequestWriter::AnnounceClose() {
  Field("Connection"sv, "close"sv);
}

void RequestWriter::End() {
  // Without Accept-Encoding the server may use any coding (RFC 9110 section 12.5.3).
  Field("Accept-Encoding"sv, "identity"sv);
  Field("User-Agent"sv, "connect-auth"sv);
  into_.Put(kLineEnd);
}

}  // namespace connect_auth
