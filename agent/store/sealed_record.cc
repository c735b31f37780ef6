// SPDX-License-Identifier: Apache-2.0
#include "agent/store/sealed_record.h"

#include <array>
#include <new>
#include <string_view>

#include "agent/encoding/byte_order.h"
#include "agent/http/origin.h"
#include "agent/oauth/grant.h"
#include "mbedtls/gcm.h"
#include "mbedtls/platform.h"
#include "port/assert.h"

namespace connect_auth {
namespace {

constexpr std::array<std::uint8_t, 3> kMagicAndVersion = {'C', 'A', 2};
constexpr std::size_t kTypeAt = 3;
constexpr std::size_t kKeyMarkAt = 4;
constexpr std::size_t kConfigurationMarkAt = 8;
constexpr std::size_t kMarkBytes = 4;
constexpr std::size_t kNonceAt = 12;
constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kSequenceBytes = 4;
constexpr unsigned kKeyBits = Settings::kRecordKeyBytes * 8;

/// The cipher's state lives in the arena: it is too large for a small stack.
class Cipher {
 public:
  explicit Cipher(ConstBytes key)
      : gcm_(static_cast<mbedtls_gcm_context*>(mbedtls_calloc(1, sizeof(mbedtls_gcm_context)))) {
    if (gcm_ == nullptr) {
      return;
    }
    mbedtls_gcm_init(gcm_);
    ready_ = mbedtls_gcm_setkey(gcm_, MBEDTLS_CIPHER_ID_AES, key.data(), kKeyBits) == 0;
  }
  ~Cipher() {
    if (gcm_ != nullptr) {
      mbedtls_gcm_free(gcm_);
      mbedtls_free(gcm_);
    }
  }
  Cipher(const Cipher&) = delete;
  Cipher& operator=(const Cipher&) = delete;

  bool ready() const { return ready_; }
  mbedtls_gcm_context* get() { return gcm_; }

 private:
  mbedtls_gcm_context* gcm_;
  bool ready_ = false;
};

struct Parts {
  explicit Parts(Bytes record)
      : header(record.first(SealedRecord::kHeaderBytes)),
        nonce(record.subspan(kNonceAt, kNonceBytes)),
        payload(record.subspan(SealedRecord::kHeaderBytes,
                               record.size() - SealedRecord::kOverheadBytes)),
        tag(record.last(SealedRecord::kTagBytes)) {}

  Bytes header;
  Bytes nonce;
  Bytes payload;
  Bytes tag;
};

using AssociatedData =
    std::array<std::uint8_t, SealedRecord::kHeaderBytes + std::tuple_size_v<Fingerprint>>;

AssociatedData Associate(ConstBytes header, const Fingerprint& fingerprint) {
  AssociatedData data{};
  CopyBytes(header, data);
  CopyBytes(fingerprint, Bytes(data).subspan(header.size()));
  return data;
}

using Mark = std::array<std::uint8_t, kMarkBytes>;

Mark MarkOf(const Fingerprint& digest) {
  Mark mark{};
  CopyBytes(ConstBytes(digest).first(kMarkBytes), mark);
  return mark;
}

Mark MarkOfKey(ConstBytes key) {
  const std::string_view fields[] = {"connect-auth key", AsText(key)};
  return MarkOf(DigestOf(fields));
}

bool HasMark(ConstBytes record, std::size_t at, const Mark& mark) {
  return AsText(record.subspan(at, kMarkBytes)) == AsText(mark);
}

void WriteHeader(RecordType type, std::uint32_t sequence, const Mark& key_mark,
                 const Mark& configuration_mark, const Parts& parts) {
  CopyBytes(kMagicAndVersion, parts.header);
  parts.header[kTypeAt] = static_cast<std::uint8_t>(type);
  CopyBytes(key_mark, parts.header.subspan(kKeyMarkAt));
  CopyBytes(configuration_mark, parts.header.subspan(kConfigurationMarkAt));
  PutBigEndian(sequence, parts.nonce.first(kSequenceBytes));
}

bool HasHeader(RecordType type, ConstBytes header) {
  return AsText(header.first(kMagicAndVersion.size())) == AsText(kMagicAndVersion) &&
         header[kTypeAt] == static_cast<std::uint8_t>(type);
}

}  // namespace

Fingerprint FingerprintOf(const Settings& settings) {
  Origin origin;
  static_cast<void>(ParseOrigin(settings.url, origin));  // Checked by CheckSettings.
  std::array<std::uint8_t, 2> port{};
  PutBigEndian(origin.port, port);
  const std::uint8_t grant = static_cast<std::uint8_t>(settings.grant);
  const std::string_view fields[] = {
      origin.host,
      AsText(port),
      settings.token_path,
      settings.client_id,
      AsText({&grant, 1}),
      StrategyOf(settings.grant).is_for_user ? settings.username : std::string_view()};
  return DigestOf(fields);
}

Status SealRecord(RecordType type, std::uint32_t sequence, ConstBytes key,
                  const Fingerprint& fingerprint, Engine& engine, Bytes record) {
  CONNECT_AUTH_ASSERT(record.size() >= SealedRecord::kOverheadBytes);
  const Parts parts(record);
  WriteHeader(type, sequence, MarkOfKey(key), MarkOf(fingerprint), parts);
  const Status random = engine.Random(parts.nonce.subspan(kSequenceBytes));
  if (random != Status::kOk) {
    return random;
  }
  Cipher cipher(key);
  if (!cipher.ready()) {
    return Status::kOutOfMemory;
  }
  const AssociatedData data = Associate(parts.header, fingerprint);
  const int result = mbedtls_gcm_crypt_and_tag(
      cipher.get(), MBEDTLS_GCM_ENCRYPT, parts.payload.size(), parts.nonce.data(),
      parts.nonce.size(), data.data(), data.size(), parts.payload.data(), parts.payload.data(),
      parts.tag.size(), parts.tag.data());
  return result == 0 ? Status::kOk : Status::kOutOfMemory;
}

std::uint32_t SequenceOf(ConstBytes record) {
  if (record.size() < SealedRecord::kHeaderBytes) {
    return 0;
  }
  return static_cast<std::uint32_t>(GetBigEndian(record.subspan(kNonceAt, kSequenceBytes)));
}

SealedFor SealedForWhom(ConstBytes key, const Fingerprint& fingerprint, ConstBytes record) {
  const bool has_header = record.size() >= SealedRecord::kHeaderBytes &&
                          AsText(record.first(kMagicAndVersion.size())) == AsText(kMagicAndVersion);
  if (!has_header) {
    return SealedFor::kUs;
  }
  if (!HasMark(record, kKeyMarkAt, MarkOfKey(key))) {
    return SealedFor::kOtherKey;
  }
  return HasMark(record, kConfigurationMarkAt, MarkOf(fingerprint))
             ? SealedFor::kUs
             : SealedFor::kOtherConfiguration;
}

Result<std::uint32_t> OpenRecord(RecordType type, ConstBytes key, const Fingerprint& fingerprint,
                                 Bytes record) {
  if (record.size() < SealedRecord::kOverheadBytes) {
    return Status::kCorrupt;
  }
  const Parts parts(record);
  if (!HasHeader(type, parts.header)) {
    return Status::kCorrupt;
  }
  Cipher cipher(key);
  if (!cipher.ready()) {
    return Status::kOutOfMemory;
  }
  const AssociatedData data = Associate(parts.header, fingerprint);
  const int result = mbedtls_gcm_auth_decrypt(
      cipher.get(), parts.payload.size(), parts.nonce.data(), parts.nonce.size(), data.data(),
      data.size(), parts.tag.data(), parts.tag.size(), parts.payload.data(), parts.payload.data());
  if (result != 0) {
    Wipe(parts.payload);
    return Status::kCorrupt;
  }
  return SequenceOf(record);
}

}  // namespace connect_auth
