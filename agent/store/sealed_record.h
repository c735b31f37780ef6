// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "agent/settings.h"
#include "agent/tls/digest.h"
#include "agent/tls/engine.h"
#include "port/bytes.h"
#include "port/result.h"

namespace connect_auth {

/// SHA-256 of everything a stored token depends on: server, path, client, grant, user. It is part
/// of every seal, so a record of another configuration does not open.
using Fingerprint = Digest;

/// @param settings  Checked. Borrowed during the call.
Fingerprint FingerprintOf(const Settings& settings);

enum class RecordType : std::uint8_t {
  kState = 1,       ///< Payload: see state_record.h.
  kTlsSession = 2,  ///< Payload: see session_cache.h. Apart, as it changes at times of its own.
  kProvision = 3,   ///< Payload: see provision_record.h. Its fingerprint is 32 zeros.
};

/// A record as it lies in storage, whatever storage that is. All numbers are big-endian.
///
///     offset  size
///          0     2  magic "CA"
///          2     1  version of the layout of header and payload: 2
///          3     1  RecordType
///          4     4  mark of the record key: the front of DigestOf({"connect-auth key", key})
///          8     4  mark of the configuration: the front of the fingerprint
///         12    12  nonce: 4 octets sequence number, 8 random octets
///         24     n  payload, encrypted
///     24 + n    16  tag
///
/// AES-256-GCM (NIST SP 800-38D) under the record key; associated data is the 24 octets of header
/// and the fingerprint. So a flipped bit, a record of another type, key or configuration, and an
/// unknown version are all alike: there is no such record. The marks only serve to tell a person
/// why: they are not secret, and prove nothing.
///
/// The sequence number counts the records of this type in the device's life. The random part keeps
/// the nonce unique between the types, and where an old image of the medium was restored and the
/// number repeats.
struct SealedRecord {
  static constexpr std::size_t kHeaderBytes = 24;
  static constexpr std::size_t kTagBytes = 16;
  static constexpr std::size_t kOverheadBytes = kHeaderBytes + kTagBytes;
};

/// Seals a record in place.
///
/// @param record    The payload lies behind kHeaderBytes, in front of kTagBytes. Borrowed during
///                  the call.
/// @param key       Settings::kRecordKeyBytes octets. Borrowed during the call.
/// @param sequence  One more than that of the record it replaces.
/// @return kOk                  `record` can be stored.
/// @return kUnavailable         No random octets.
/// @return kFailedPrecondition  The engine is not started.
/// @return kOutOfMemory         The arena has no room for the cipher.
Status SealRecord(RecordType type, std::uint32_t sequence, ConstBytes key,
                  const Fingerprint& fingerprint, Engine& engine, Bytes record);

/// The sequence number of a record, whether it opens or not: not authentic, but good to go on
/// counting from.
///
/// @param record  As it was stored. Borrowed during the call.
/// @return 0  Too short for a record.
std::uint32_t SequenceOf(ConstBytes record);

/// What a record that does not open says of itself.
enum class SealedFor : std::uint8_t {
  kUs,                  ///< This key and configuration: so it is damaged, or of an unknown version.
  kOtherKey,            ///< Or what says so is damaged.
  kOtherConfiguration,  ///< Likewise.
};

/// @param record  As it was stored. Borrowed during the call.
SealedFor SealedForWhom(ConstBytes key, const Fingerprint& fingerprint, ConstBytes record);

/// Opens a record in place.
///
/// @param record    As it was stored; afterwards the payload stands behind kHeaderBytes, or, with
///                  kCorrupt, nothing does: it is wiped. Borrowed during the call.
/// @return value         The record's sequence number.
/// @return kCorrupt      Not a record of this type, key and configuration.
/// @return kOutOfMemory  The arena has no room for the cipher.
Result<std::uint32_t> OpenRecord(RecordType type, ConstBytes key, const Fingerprint& fingerprint,
                                 Bytes record);

}  // namespace connect_auth
