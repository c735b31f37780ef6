// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "agent/encoding/byte_writer.h"
#include "agent/failure.h"
#include "agent/http/body_source.h"
#include "agent/http/extra_fields.h"
#include "agent/http/origin.h"
#include "agent/secret.h"
#include "port/bytes.h"

namespace connect_auth {

/// A request to the server's API. It goes to the origin of the settings and nowhere else.
struct ApiRequest {
  std::string_view method = "GET";    ///< A token (RFC 9110 section 9.1).
  std::string_view target;            ///< Path and query, from '/' on, already escaped.
  std::string_view content_type;      ///< Left out when empty.
  ConstBytes body;                    ///< Borrowed until the request is sent.
  BodySource* body_source = nullptr;  ///< Content instead of `body`, that need not be in memory.
  const ExtraFields* extra_fields = nullptr;  ///< Borrowed until the request is sent.
  Bytes head_copy;  ///< Keeps status line and fields of the response; empty: they are dropped.
};

/// @return kNone, kRequestMethod (method or content type) or kRequestTarget
Reason CheckApiRequest(const ApiRequest& request);

/// Writes the head of the request, the token in its Authorization field.
///
/// @param request      Checked by `CheckApiRequest`. Borrowed during the call.
/// @param keeps_alive  Whether the connection may serve another request.
/// @param into         Whether it fitted tells `overflowed()`. Holds a secret afterwards.
void WriteApiRequestHead(const ApiRequest& request, const Origin& origin, SecretView token,
                         bool keeps_alive, ByteWriter& into);

}  // namespace connect_auth
