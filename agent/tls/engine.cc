// SPDX-License-Identifier: Apache-2.0
#include "agent/tls/engine.h"

#include <algorithm>
#include <ctime>

#include "agent/encoding/calendar.h"
#include "mbedtls/ctr_drbg.h"
#include "mbedtls/platform_time.h"
#include "mbedtls/platform_util.h"
#include "psa/crypto.h"

#if defined(CONNECT_AUTH_MBEDTLS_HOOKS)
#include "mbedtls/memory_buffer_alloc.h"
#include "mbedtls/platform.h"
#endif

// Without these nobody would look at the dates of certificates.
#if !defined(MBEDTLS_HAVE_TIME) || !defined(MBEDTLS_HAVE_TIME_DATE)
#error "mbedTLS has to be configured with MBEDTLS_HAVE_TIME and MBEDTLS_HAVE_TIME_DATE"
#endif

namespace connect_auth {
namespace {

using AllocateFunction = void* (*)(std::size_t, std::size_t);
using ReleaseFunction = void (*)(void*);

/// What the hooks below work on; mbedTLS's hooks take no context. Never destroyed.
struct Hooks {
  const Clock* clock = nullptr;
  UnixSeconds time_if_unknown;
  Entropy* entropy = nullptr;
  AllocateFunction allocate = nullptr;
  const std::uint8_t* used_end = nullptr;  // behind the highest octet ever handed out
  std::size_t refused_allocations = 0;
};
constinit Hooks hooks;
constinit mbedtls_ctr_drbg_context generator{};

#if defined(CONNECT_AUTH_MBEDTLS_HOOKS)
void* AllocateOrCount(std::size_t count, std::size_t size) {
  void* const memory = hooks.allocate(count, size);
  if (memory == nullptr) {
    hooks.refused_allocations += count != 0 && size != 0 ? 1U : 0U;
    return nullptr;
  }
  const std::uint8_t* const end = static_cast<std::uint8_t*>(memory) + count * size;
  hooks.used_end = std::max(hooks.used_end, end);
  return memory;
}

Status BeginArena(Bytes arena) {
  constexpr std::size_t kLeastArena = 2048;
  if (arena.size() < kLeastArena) {
    return Status::kOutOfMemory;
  }
  mbedtls_memory_buffer_alloc_init(arena.data(), arena.size());
  return Status::kOk;
}

void EndArena() {
#if defined(MBEDTLS_PSA_CRYPTO_C)
  mbedtls_psa_crypto_free();
#endif
  mbedtls_ctr_drbg_free(&generator);
  mbedtls_memory_buffer_alloc_free();
}
#else
Status BeginArena(Bytes /*arena*/) {
  return Status::kOk;
}

void EndArena() {
  mbedtls_ctr_drbg_free(&generator);  // All else may serve others.
}
#endif

int SeedHook(void* /*context*/, unsigned char* into, std::size_t size) {
  const bool filled = hooks.entropy->Fill(Bytes(into, size)) == Status::kOk;
  return filled ? 0 : MBEDTLS_ERR_CTR_DRBG_ENTROPY_SOURCE_FAILED;
}

/// Only TLS 1.3 needs it. Its generator is ours, unless mbedTLS serves others as well.
Status StartPsa() {
#if defined(MBEDTLS_PSA_CRYPTO_C)
  const psa_status_t result = psa_crypto_init();
  if (result != PSA_SUCCESS) {
    return result == PSA_ERROR_INSUFFICIENT_MEMORY ? Status::kOutOfMemory : Status::kUnavailable;
  }
#endif
  return Status::kOk;
}

Status SeedGenerator() {
  mbedtls_ctr_drbg_init(&generator);
  const int result = mbedtls_ctr_drbg_seed(&generator, SeedHook, nullptr, nullptr, 0);
  if (result == 0) {
    return StartPsa();
  }
  return result == MBEDTLS_ERR_CTR_DRBG_ENTROPY_SOURCE_FAILED ? Status::kUnavailable
                                                              : Status::kOutOfMemory;
}

/// The front of the arena that has ever held anything: the rest is left alone, since on Linux
/// memory that is never touched costs nothing.
Bytes UsedPart(Bytes arena) {
  constexpr std::size_t kBlockHeader = 64;  // The allocator's, behind the last block.
  if (hooks.used_end == nullptr) {
    return arena;  // An integrator's mbedTLS, which is not watched.
  }
  const auto used = static_cast<std::size_t>(hooks.used_end - arena.data());
  return arena.first(std::min(used + kBlockHeader, arena.size()));
}

}  // namespace

Status Engine::Start(Bytes arena, const Clock& clock, Entropy& entropy) {
  if (hooks.clock != nullptr) {
    return Status::kFailedPrecondition;
  }
  Status status = BeginArena(arena);
  if (status != Status::kOk) {
    return status;
  }
  arena_ = arena;
  started_ = true;
  hooks.clock = &clock;
  hooks.entropy = &entropy;
  status = SeedGenerator();
  if (status != Status::kOk) {
    Stop();
  }
  return status;
}

void Engine::Stop() {
  if (!started()) {
    return;
  }
  EndArena();
  Wipe(UsedPart(arena_));
  arena_ = {};
  started_ = false;
  hooks = Hooks();
}

Status Engine::Random(Bytes into) {
  if (!started()) {
    return Status::kFailedPrecondition;
  }
  while (!into.empty()) {
    const std::size_t count = std::min<std::size_t>(into.size(), MBEDTLS_CTR_DRBG_MAX_REQUEST);
    if (mbedtls_ctr_drbg_random(&generator, into.data(), count) != 0) {
      return Status::kUnavailable;
    }
    into = into.subspan(count);
  }
  return Status::kOk;
}

Result<UnixSeconds> Engine::WallTime() const {
  return started() ? hooks.clock->WallTime() : Result<UnixSeconds>(Status::kFailedPrecondition);
}

void Engine::SetTimeIfUnknown(UnixSeconds time) {
  hooks.time_if_unknown = time;
}

std::size_t Engine::arena_used() const {
  return UsedPart(arena_).size();
}

std::size_t Engine::refused_allocations() {
  return hooks.refused_allocations;
}

}  // namespace connect_auth

// The hooks that mbedTLS calls by name: see agent/tls/mbedtls_config.h.
#if defined(CONNECT_AUTH_MBEDTLS_HOOKS)
extern "C" {

/// Stands in for mbedtls_platform_set_calloc_free in mbedTLS's memory_buffer_alloc.c (see
/// toolchains/dependencies.cmake), so that refused requests can be counted on their way.
int connect_auth_capture_allocator(connect_auth::AllocateFunction allocate,
                                   connect_auth::ReleaseFunction release) {
  connect_auth::hooks.allocate = allocate;
  return mbedtls_platform_set_calloc_free(connect_auth::AllocateOrCount, release);
}

psa_status_t mbedtls_psa_external_get_random(mbedtls_psa_external_random_context_t* /*context*/,
                                             std::uint8_t* output, std::size_t output_size,
                                             std::size_t* output_length) {
  if (mbedtls_ctr_drbg_random(&connect_auth::generator, output, output_size) != 0) {
    return PSA_ERROR_INSUFFICIENT_ENTROPY;
  }
  *output_length = output_size;
  return PSA_SUCCESS;
}

long long connect_auth_wall_time(long long* into) {
  const long long now =
      connect_auth::hooks.clock->WallTime().value_or(connect_auth::hooks.time_if_unknown).count;
  if (into != nullptr) {
    *into = now;
  }
  return now;
}

/// mbedTLS counts the age of TLS 1.3 tickets with this, which have to outlive a reboot: so this is
/// the wall clock, not the monotonic one.
mbedtls_ms_time_t mbedtls_ms_time(void) {
  return connect_auth_wall_time(nullptr) * 1000;
}

struct tm* mbedtls_platform_gmtime_r(const mbedtls_time_t* time, struct tm* into) {
  constexpr std::int64_t kSecondsInDay = 86400;
  constexpr std::int64_t kMostDays = 1'000'000'000;  // A clock beyond shows that day.
  const std::int64_t days = *time / kSecondsInDay - (*time % kSecondsInDay < 0 ? 1 : 0);
  const auto second = static_cast<int>(*time - days * kSecondsInDay);
  const connect_auth::Date date =
      connect_auth::DateOfDays(static_cast<std::int32_t>(std::clamp(days, -kMostDays, kMostDays)));
  *into = {};
  into->tm_year = date.year - 1900;
  into->tm_mon = date.month - 1;
  into->tm_mday = date.day;
  into->tm_hour = second / 3600;
  into->tm_min = second / 60 % 60;
  into->tm_sec = second % 60;
  return into;
}

}  // extern "C"
#endif
