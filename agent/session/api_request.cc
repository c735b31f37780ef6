// SPDX-License-Identifier: Apache-2.0
#include "agent/session/api_request.h"

#include "agent/http/ascii.h"
#include "agent/http/request_writer.h"

namespace connect_auth {
namespace {

using namespace std::literals;  // A view of a plain literal is measured at run time with -Os.

/// Whether the method promises content, so that even none of it is announced (RFC 9110 8.6).
bool AnnouncesContent(const ApiRequest& request) {
  return !request.body.empty() || request.body_source != nullptr || request.method == "POST"sv ||
         request.method == "PUT"sv || request.method == "PATCH"sv;
}

std::size_t SizeOfContent(const ApiRequest& request) {
  return request.body_source != nullptr ? request.body_source->size() : request.body.size();
}

}  // namespace

Reason CheckApiRequest(const ApiRequest& request) {
  const std::string_view method = request.method;
  const std::string_view type = request.content_type;
  const bool method_fits = !method.empty() && AllAre(method, IsTokenCharacter);
  // CONNECT has another kind of target, and the response to it another framing.
  if (!method_fits || EqualsIgnoringCase(method, "CONNECT"sv) || !AllAre(type, IsFieldCharacter)) {
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
    head.Field("Content-Type"sv, request.content_type);
  }
  if (AnnouncesContent(request)) {
    const std::size_t size = SizeOfContent(request);
    if (size == BodySource::kUnknownSize) {
      head.Field("Transfer-Encoding"sv, "chunked"sv);
    } else {
      head.ContentLength(size);
    }
  }
  if (request.extra_fields != nullptr) {
    into.Put(request.extra_fields->lines());
  }
  if (!keeps_alive) {
    head.AnnounceClose();
  }
  head.End();
}

}  // namespace connect_auth
