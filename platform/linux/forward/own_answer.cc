// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/forward/own_answer.h"

#include <array>

#include "platform/linux/text.h"

namespace connect_auth::program {
namespace {

struct StatusName {
  std::uint16_t status;
  std::string_view name;
};
constexpr std::array kStatusNames = {
    StatusName{400, "Bad Request"},         StatusName{403, "Forbidden"},
    StatusName{405, "Method Not Allowed"},  StatusName{408, "Request Timeout"},
    StatusName{411, "Length Required"},     StatusName{413, "Content Too Large"},
    StatusName{414, "URI Too Long"},        StatusName{417, "Expectation Failed"},
    StatusName{421, "Misdirected Request"}, StatusName{431, "Request Header Fields Too Large"},
    StatusName{502, "Bad Gateway"},         StatusName{503, "Service Unavailable"},
    StatusName{504, "Gateway Timeout"},     StatusName{505, "HTTP Version Not Supported"},
};

std::string_view NameOf(std::uint16_t status) {
  for (const StatusName& known : kStatusNames) {
    if (known.status == status) {
      return known.name;
    }
  }
  return {};
}

}  // namespace

std::string ResponseOf(const OwnAnswer& answer) {
  constexpr std::uint16_t kMethodNotAllowed = 405;
  const std::string content = Join({"connect-auth: ", Printable(answer.sentence), "\n"});
  std::string response = Join(
      {"HTTP/1.1 ", Decimal(answer.status), " ", NameOf(answer.status),
       "\r\nContent-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\nContent-Length: ",
       Decimal(static_cast<std::int64_t>(content.size())), "\r\nConnection: close\r\n"});
  if (answer.status == kMethodNotAllowed) {
    response += "Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n";
  }
  if (answer.retry_after_s > 0) {
    response += Join({"Retry-After: ", Decimal(answer.retry_after_s), "\r\n"});
  }
  response += "\r\n";
  return answer.to_head ? response : response + content;
}

}  // namespace connect_auth::program
