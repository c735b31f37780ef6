// SPDX-License-Identifier: Apache-2.0
#include "agent/store/state_record.h"

#include "agent/config.h"
#include "agent/encoding/byte_order.h"
#include "port/assert.h"

namespace connect_auth {
namespace {

constexpr std::size_t kTokenTypeAt = 0;
constexpr std::size_t kLatchErrorAt = 1;
constexpr std::size_t kLatchStatusAt = 2;
constexpr std::size_t kLatchAnchorAt = 4;
constexpr std::size_t kLatchCredentialsAt = 28;
constexpr std::size_t kLifetimeAt = 36;
constexpr std::size_t kTokenAnchorAt = 40;
constexpr std::size_t kSpentCodeAt = 64;
constexpr std::size_t kTokenSizeAt = 96;

constexpr std::uint8_t kNoToken = 0;
constexpr std::uint8_t kBearer = 1;
constexpr std::size_t kWideBytes = 8;

void PutAnchor(const Anchor& anchor, Bytes into) {
  PutBigEndian(static_cast<std::uint64_t>(anchor.sent.millis), into.first(kWideBytes));
  PutBigEndian(anchor.boot_id, into.subspan(kWideBytes, kWideBytes));
  PutBigEndian(static_cast<std::uint64_t>(anchor.wall.count),
               into.subspan(2 * kWideBytes, kWideBytes));
}

Anchor GetAnchor(ConstBytes from) {
  Anchor anchor;
  anchor.sent = Instant{static_cast<std::int64_t>(GetBigEndian(from.first(kWideBytes)))};
  anchor.boot_id = GetBigEndian(from.subspan(kWideBytes, kWideBytes));
  anchor.wall = UnixSeconds{
      static_cast<std::int64_t>(GetBigEndian(from.subspan(2 * kWideBytes, kWideBytes)))};
  return anchor;
}

bool IsInRange(ConstBytes payload) {
  if (payload.size() < StateRecord::kFixedBytes) {
    return false;
  }
  const std::uint64_t token_size = GetBigEndian(payload.subspan(kTokenSizeAt, 4));
  const std::uint8_t expected_type = token_size == 0 ? kNoToken : kBearer;
  return token_size <= payload.size() - StateRecord::kFixedBytes &&
         payload[kTokenTypeAt] == expected_type &&
         payload[kLatchErrorAt] <= static_cast<std::uint8_t>(OAuthError::kOther) &&
         GetBigEndian(payload.subspan(kLifetimeAt, 4)) <=
             static_cast<std::uint64_t>(config::kMaxLifetimeSeconds);
}

}  // namespace

void EncodeState(const State& state, Bytes into) {
  CONNECT_AUTH_ASSERT(into.size() == StateRecord::Size(state));
  const std::string_view token = state.token.text().Reveal();
  into[kTokenTypeAt] = token.empty() ? kNoToken : kBearer;
  into[kLatchErrorAt] = static_cast<std::uint8_t>(state.latch.error);
  PutBigEndian(state.latch.http_status, into.subspan(kLatchStatusAt, 2));
  PutAnchor(state.latch.since, into.subspan(kLatchAnchorAt));
  CopyBytes(state.latch.credentials, into.subspan(kLatchCredentialsAt));
  PutBigEndian(static_cast<std::uint64_t>(state.token.lifetime_s()), into.subspan(kLifetimeAt, 4));
  PutAnchor(state.token.anchor(), into.subspan(kTokenAnchorAt));
  CopyBytes(state.spent_code, into.subspan(kSpentCodeAt));
  PutBigEndian(token.size(), into.subspan(kTokenSizeAt, 4));
  CopyBytes(AsBytes(token), into.subspan(StateRecord::kFixedBytes));
  CopyBytes(AsBytes(state.refresh_token.view().Reveal()),
            into.subspan(StateRecord::kFixedBytes + token.size()));
}

Status DecodeState(ConstBytes payload, State& state) {
  state.Wipe();
  if (!IsInRange(payload)) {
    return Status::kCorrupt;
  }
  state.latch.error = static_cast<OAuthError>(payload[kLatchErrorAt]);
  state.latch.http_status =
      static_cast<std::uint16_t>(GetBigEndian(payload.subspan(kLatchStatusAt, 2)));
  state.latch.since = GetAnchor(payload.subspan(kLatchAnchorAt));
  CopyBytes(payload.subspan(kLatchCredentialsAt, state.latch.credentials.size()),
            state.latch.credentials);
  CopyBytes(payload.subspan(kSpentCodeAt, state.spent_code.size()), state.spent_code);
  const std::size_t token_size =
      static_cast<std::size_t>(GetBigEndian(payload.subspan(kTokenSizeAt, 4)));
  const ConstBytes tokens = payload.subspan(StateRecord::kFixedBytes);
  static_cast<void>(state.refresh_token.Assign(SecretView(AsText(tokens.subspan(token_size)))));
  if (token_size == 0) {
    return Status::kOk;
  }
  return state.token.Assign(
      SecretView(AsText(tokens.first(token_size))),
      static_cast<std::int32_t>(GetBigEndian(payload.subspan(kLifetimeAt, 4))),
      GetAnchor(payload.subspan(kTokenAnchorAt)));
}

}  // namespace connect_auth
