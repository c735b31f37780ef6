// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "port/bytes.h"
#include "port/result.h"

namespace connect_auth {

/// One JSON object, parsed by cJSON on memory that the caller lends.
///
/// cJSON is compiled into the agent under names of its own and with this memory in place of the
/// heap, so an application's own cJSON is not disturbed. One object exists at a time in an image.
class JsonObject {
 public:
  enum class Kind : std::uint8_t { kAbsent, kTwice, kString, kNumber, kNull, kOther };

  struct Member {
    Kind kind = Kind::kAbsent;
    std::string_view text;    ///< kString. Borrowed for the life of the object.
    std::int32_t number = 0;  ///< kNumber: rounded towards zero, cut to 32 bits; < 0 for any
                              ///< number that is written with a minus sign.
  };

  /// @param arena  Borrowed for the life of this object; what was used of it is wiped at its end.
  /// About 64 bytes per
  ///               member and the length of each name and string.
  explicit JsonObject(Bytes arena) : arena_(arena) {}
  ~JsonObject();
  JsonObject(const JsonObject&) = delete;
  JsonObject& operator=(const JsonObject&) = delete;

  /// Parses `text`, once in the life of the object.
  ///
  /// @param text  Borrowed during the call.
  /// @return kOk              It is one JSON object and nothing else.
  /// @return kMalformed       It is not.
  /// @return kBufferTooSmall  The arena cannot hold it.
  Status Parse(ConstBytes text);

  /// Looks a member up by its exact name.
  Member Find(std::string_view name) const;

 private:
  Bytes arena_;
  std::size_t used_ = 0;
  const void* root_ = nullptr;  // A cJSON item in the arena.
};

}  // namespace connect_auth
