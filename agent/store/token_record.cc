// SPDX-License-Identifier: Apache-2.0
#include "agent/store/token_record.h"

#include "agent/config.h"
#include "agent/encoding/byte_order.h"
#include "port/assert.h"

namespace connect_auth {
namespace {

constexpr std::size_t kLifetimeAt = 0;
constexpr std::size_t kLifetimeBytes = 4;
constexpr std::size_t kSentAt = 4;
constexpr std::size_t kBootIdAt = 12;
constexpr std::size_t kWallAt = 20;
constexpr std::size_t kWideBytes = 8;

}  // namespace

void EncodeToken(const Token& token, Bytes into) {
  CONNECT_AUTH_ASSERT(into.size() == TokenRecord::Size(token));
  const Anchor& anchor = token.anchor();
  PutBigEndian(static_cast<std::uint64_t>(token.lifetime_s()),
               into.subspan(kLifetimeAt, kLifetimeBytes));
  PutBigEndian(static_cast<std::uint64_t>(anchor.sent.millis), into.subspan(kSentAt, kWideBytes));
  PutBigEndian(anchor.boot_id, into.subspan(kBootIdAt, kWideBytes));
  PutBigEndian(static_cast<std::uint64_t>(anchor.wall.count), into.subspan(kWallAt, kWideBytes));
  CopyBytes(AsBytes(token.text().Reveal()), into.subspan(TokenRecord::kFixedBytes));
}

Status DecodeToken(ConstBytes payload, Token& token) {
  if (payload.size() <= TokenRecord::kFixedBytes) {
    return Status::kCorrupt;
  }
  const std::uint64_t lifetime_s = GetBigEndian(payload.subspan(kLifetimeAt, kLifetimeBytes));
  if (lifetime_s > static_cast<std::uint64_t>(config::kMaxLifetimeSeconds)) {
    return Status::kCorrupt;
  }
  const auto read = [&payload](std::size_t at) {
    return static_cast<std::int64_t>(GetBigEndian(payload.subspan(at, kWideBytes)));
  };
  Anchor anchor;
  anchor.sent = Instant{read(kSentAt)};
  anchor.boot_id = static_cast<std::uint64_t>(read(kBootIdAt));
  anchor.wall = UnixSeconds{read(kWallAt)};
  return token.Assign(SecretView(AsText(payload.subspan(TokenRecord::kFixedBytes))),
                      static_cast<std::int32_t>(lifetime_s), anchor);
}

}  // namespace connect_auth
