// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/fact_style.h"

namespace connect_auth::program {

std::string_view NameOf(FactStyle style) {
  switch (style) {
    case FactStyle::kBrief:
      return "brief";
    case FactStyle::kJson:
      return "json";
    case FactStyle::kLines:
      break;
  }
  return "lines";
}

}  // namespace connect_auth::program
