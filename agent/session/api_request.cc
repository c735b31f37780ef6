// SPDX-License-Identifier: Apache-2.0
#include "agent/session/api_request.h"

#include <algorithm>

#include "agent/http/ascii.h"
#include "agent/http/request_writer.h"

namespace connect_auth {
namespace {

/// Whether the method promises content, so that even none of it is announced (RFC 9110 8.6).
bool AnnouncesContent(const ApiRequest& request) {
  return !request.body.empty() || request.body_source != nullptr || request.method == "POST" ||
         request.method == "PUT" || request.method == "PATCH";
}

std::size_t SizeOfContent(const ApiRequest& request) {
  return request.body_source != nullptr ? request.body_source->size() : request.body.size();
}

}  // namespace

Reason CheckApiRequest(const ApiRequest& request) {
  const std::string_view method = request.method;
  const std::string_view type = request.content_type;
  const bool method_fits =
      !method.empty() && std::all_of(method.begin(), method.end(), IsTokenCharacter);
  // CONNECT has another kind of target, and the response to it another framing.
  if (!method_fits || EqualsIgnoringCase(method, "CONNECT") ||
      !std::all_of(type.begin(), type.end(), IsFieldCharacter)) {
    return Reason::kRequestMethod;
  }
  return IsRequestTarget(request.target) ? Reason::kNone : Reason::kRequestTarget;
}

void WriteApiRequestHead(const ApiRequest& request, const Origin& origin, SecretView token,
                         bool keeps_alive, ByteWriter& into) {
  RequestWriter head(into);
  head.Begin(request.method, request.target, origin);
  head.BearerAuthorization(token);
  if (!request.content_type.empty()) {
    head.Field("Content-Type", request.content_type);
  }
  if (AnnouncesContent(request)) {
    const std::size_t size = SizeOfContent(request);
    if (size == BodySource::kUnknownSize) {
      head.Field("Transfer-Encoding", "chunked");
    } else {
      head.ContentLength(size);
    }
  }
  if (!keeps_alive) {
    head.AnnounceClose();
  }
  head.End();
}

}  // namespace connect_auth
