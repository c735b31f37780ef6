// SPDX-License-Identifier: Apache-2.0
#include "agent/oauth/json_object.h"

#include <cstddef>
#include <cstring>

#include "agent/http/ascii.h"
#include "agent/oauth/json_text.h"
#include "cJSON.h"
#include "port/assert.h"

namespace connect_auth {
namespace {

/// Hands out a span piece by piece; nothing is given back before the whole is.
class BumpArena {
 public:
  constexpr BumpArena() = default;
  explicit constexpr BumpArena(Bytes memory) : free_(memory) {}

  void* Allocate(std::size_t size) {
    const auto address = reinterpret_cast<std::uintptr_t>(free_.data());
    const std::size_t padding = -address % alignof(std::max_align_t);
    if (free_.size() < padding || free_.size() - padding < size) {
      exhausted_ = true;
      return nullptr;
    }
    std::uint8_t* const memory = free_.data() + padding;
    free_ = free_.subspan(padding + size);
    return memory;
  }

  bool exhausted() const { return exhausted_; }
  std::size_t free() const { return free_.size(); }

 private:
  Bytes free_;
  bool exhausted_ = false;
};

// cJSON's allocation functions take no context, so the arena in use stands here during a parse.
constinit BumpArena json_arena;

/// Skips `[eE][+-]?digits` and returns the exponent, bounded; null: malformed.
const char* ReadExponent(const char* at, std::int32_t& exponent) {
  constexpr std::int32_t kBound = 100;  // Beyond it every mantissa is 0 or too large.
  exponent = 0;
  if (ToLower(*at) != 'e') {
    return at;
  }
  ++at;
  const bool negative = *at == '-';
  if (*at == '-' || *at == '+') {
    ++at;
  }
  if (!IsDigit(*at)) {
    return nullptr;
  }
  for (; IsDigit(*at); ++at) {
    if (exponent < kBound) {
      exponent = exponent * 10 + static_cast<std::int32_t>(DigitValue(*at));
    }
  }
  exponent = negative ? -exponent : exponent;
  return at;
}

/// A decimal number as its digits arrive, kept to as many as are exact in 64 bits.
struct Mantissa {
  std::uint64_t digits = 0;
  std::int32_t exponent = 0;

  void Add(char digit, bool in_fraction) {
    constexpr std::uint64_t kFull = UINT64_MAX / 10 - 1;
    if (digits < kFull) {
      digits = digits * 10 + DigitValue(digit);
      exponent -= in_fraction ? 1 : 0;
    } else {
      exponent += in_fraction ? 0 : 1;
    }
  }

  /// The value rounded towards zero, at most INT32_MAX.
  std::int32_t Rounded(std::int32_t shift) const {
    std::uint64_t value = digits;
    std::int32_t power = exponent + shift;
    for (; power < 0 && value != 0; ++power) {
      value /= 10;
    }
    for (; power > 0 && value != 0 && value <= INT32_MAX; --power) {
      value *= 10;
    }
    return value > INT32_MAX ? INT32_MAX : static_cast<std::int32_t>(value);
  }
};

/// Reads a number in the grammar of RFC 8259 section 6.
///
/// @return  Behind the number; null: there is none.
const char* ReadNumber(const char* at, std::int32_t& number) {
  const bool negative = *at == '-';
  at += negative ? 1 : 0;
  if (!IsDigit(*at) || (at[0] == '0' && IsDigit(at[1]))) {
    return nullptr;
  }
  Mantissa mantissa;
  for (; IsDigit(*at); ++at) {
    mantissa.Add(*at, false);
  }
  if (*at == '.') {
    ++at;
    if (!IsDigit(*at)) {
      return nullptr;
    }
    for (; IsDigit(*at); ++at) {
      mantissa.Add(*at, true);
    }
  }
  std::int32_t exponent = 0;
  at = ReadExponent(at, exponent);
  number = mantissa.Rounded(exponent);
  // No negative number means anything here; -1 keeps even -0.5 from passing for 0.
  number = negative ? -1 : number;
  return at;
}

bool IsBlank(std::uint8_t octet) {
  return octet == ' ' || octet == '\t' || octet == '\n' || octet == '\r';
}

JsonObject::Member ToMember(const cJSON& item) {
  JsonObject::Member member;
  member.kind = JsonObject::Kind::kOther;
  if (cJSON_IsString(&item) != 0) {
    member.kind = JsonObject::Kind::kString;
    member.text = item.valuestring;
  } else if (cJSON_IsNumber(&item) != 0) {
    member.kind = JsonObject::Kind::kNumber;
    member.number = item.valueint;
  } else if (cJSON_IsNull(&item) != 0) {
    member.kind = JsonObject::Kind::kNull;
  }
  return member;
}

}  // namespace

JsonObject::~JsonObject() {
  Wipe(arena_);
}

Status JsonObject::Parse(ConstBytes text) {
  CONNECT_AUTH_ASSERT(root_ == nullptr);
  if (!IsJsonTextPlausible(text)) {
    return Status::kMalformed;
  }
  const std::string_view json = AsText(text);
  const char* end = nullptr;
  json_arena = BumpArena(arena_);
  const cJSON* const root = cJSON_ParseWithLengthOpts(json.data(), json.size(), &end, 0);
  const bool exhausted = json_arena.exhausted();
  used_ = arena_.size() - json_arena.free();
  json_arena = BumpArena();
  if (exhausted) {
    return Status::kBufferTooSmall;
  }
  if (cJSON_IsObject(root) == 0) {
    return Status::kMalformed;
  }
  for (const char c : Part(json, static_cast<std::size_t>(end - json.data()))) {
    if (!IsBlank(static_cast<std::uint8_t>(c))) {
      return Status::kMalformed;
    }
  }
  root_ = root;
  return Status::kOk;
}

JsonObject::Member JsonObject::Find(std::string_view name) const {
  Member found;
  if (root_ == nullptr) {
    return found;
  }
  for (const cJSON* item = static_cast<const cJSON*>(root_)->child; item != nullptr;
       item = item->next) {
    if (name != item->string) {
      continue;
    }
    if (found.kind != Kind::kAbsent) {
      found.kind = Kind::kTwice;
      return found;
    }
    found = ToMember(*item);
  }
  return found;
}

}  // namespace connect_auth

// What cJSON calls instead of the C library's functions: see toolchains/dependencies.cmake.
extern "C" {

void* connect_auth_json_malloc(std::size_t size) {
  return connect_auth::json_arena.Allocate(size);
}

void connect_auth_json_free(void* memory) {
  static_cast<void>(memory);
}

/// Only printing calls it, which the agent does not use.
void* connect_auth_json_realloc(void* memory, std::size_t size) {
  static_cast<void>(memory);
  static_cast<void>(size);
  return nullptr;
}

/// Keeps the C library's strtod, 17 KB on newlib, out of the image. The result is a whole number:
/// the agent reads nothing else.
double connect_auth_json_strtod(const char* text, char** end) {
  std::int32_t number = 0;
  const char* const behind = connect_auth::ReadNumber(text, number);
  *end = const_cast<char*>(behind != nullptr ? behind : text);  // NOLINT: strtod's signature
  return number;
}

}  // extern "C"
