// SPDX-License-Identifier: Apache-2.0
#include "platform/smartfusion2/seed_entropy.h"

#include <algorithm>

#include "agent/encoding/byte_order.h"
#include "agent/secret.h"
#include "agent/tls/digest.h"

namespace connect_auth::smartfusion2 {
namespace {

Digest Derive(std::string_view purpose, ConstBytes device_key, ConstBytes seed, ConstBytes extra) {
  return DigestOf(std::array{purpose, AsText(device_key), AsText(seed), AsText(extra)});
}

Status LoadSeed(Storage& storage, ConstBytes first_seed, Bytes into) {
  const IoResult loaded = storage.Load(SeedEntropy::kName, into);
  if (loaded.status() == Status::kNotFound) {
    CopyBytes(first_seed, into);
    return Status::kOk;
  }
  return loaded.ok() && loaded.bytes() == into.size() ? Status::kOk : Status::kUnavailable;
}

}  // namespace

Status SeedEntropy::Start(Storage& storage, ConstBytes device_key, ConstBytes first_seed,
                          ConstBytes extra) {
  started_ = false;
  std::array<std::uint8_t, kBytes> seed{};
  const ScopedWipe wipe(seed);
  if (LoadSeed(storage, first_seed, seed) != Status::kOk) {
    return Status::kUnavailable;
  }
  Digest next = Derive("next", device_key, seed, extra);
  const ScopedWipe wipe_next(next);
  if (storage.Store(kName, next) != Status::kOk) {
    return Status::kUnavailable;
  }
  device_key_ = device_key;
  now_ = Derive("now", device_key, seed, extra);
  drawn_ = 0;
  started_ = true;
  return Status::kOk;
}

Status SeedEntropy::Fill(Bytes into) {
  if (!started_) {
    return Status::kUnavailable;
  }
  while (!into.empty()) {
    std::array<std::uint8_t, 4> counter;
    PutBigEndian(++drawn_, counter);
    Digest octets = Derive("out", device_key_, now_, counter);
    const ScopedWipe wipe(octets);
    const std::size_t size = std::min(into.size(), octets.size());
    CopyBytes(ConstBytes(octets).first(size), into);
    into = into.subspan(size);
  }
  return Status::kOk;
}

}  // namespace connect_auth::smartfusion2
