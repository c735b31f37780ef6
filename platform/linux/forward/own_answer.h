// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace connect_auth::program {

/// An answer of the forward proxy's own.
struct OwnAnswer {
  std::uint16_t status = 0;
  std::string sentence;   ///< For people; holds no secret.
  int retry_after_s = 0;  ///< 0: nobody knows when it is worth another try.
  bool to_head = false;   ///< The request's method is HEAD: the sentence is left out.
};

/// The response as it is sent.
std::string ResponseOf(const OwnAnswer& answer);

}  // namespace connect_auth::program
