// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

#include "agent/encoding/byte_writer.h"
#include "agent/http/origin.h"
#include "agent/secret.h"

namespace connect_auth {

/// Writes the head of an HTTP/1.1 request (RFC 9112 section 3), fields in the order of the calls.
///
/// The caller has checked every part: nothing is escaped here, and nothing may hold a line end.
/// Whether it fitted tells `ByteWriter::overflowed()`.
class RequestWriter {
 public:
  /// @param into  Borrowed for the life of this object.
  explicit RequestWriter(ByteWriter& into) : into_(into) {}

  /// Request line in origin form, and the Host field; the port is named only when not 443.
  void Begin(std::string_view method, std::string_view target, const Origin& origin);

  void Field(std::string_view name, std::string_view value);
  void ContentLength(std::size_t octets);

  /// `Authorization: Basic` (RFC 7617) of id and secret.
  ///
  /// @param form_encoded  Whether both are form-encoded first (RFC 6749 section 2.3.1).
  void BasicAuthorization(std::string_view id, SecretView secret, bool form_encoded);

  /// `Authorization: Bearer` (RFC 6750 section 2.1).
  void BearerAuthorization(SecretView token);

  /// `Connection: close` (RFC 9112 section 9.6).
  void AnnounceClose();

  /// The fields that every request of the agent carries, and the empty line.
  void End();

 private:
  ByteWriter& into_;
};

}  // namespace connect_auth
