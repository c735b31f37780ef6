// SPDX-License-Identifier: Apache-2.0
//
// Whether secrets are wiped in what an optimising compiler, and one that optimises the program as a
// whole, makes of the wiping: functions run on a stack of their own, which is searched afterwards.
#include <ucontext.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <string_view>
#include <vector>

#include "agent/oauth/peer_words.h"
#include "agent/secret.h"
#include "agent/settings.h"
#include "port/bytes.h"

namespace connect_auth {
namespace {

constexpr std::size_t kSecretBytes = 48;
using Secret = std::array<char, kSecretBytes>;

/// Computed, so that no copy of it stands in the image; long enough to be no accident.
[[gnu::noinline]] void MakeSecret(Secret& into) {
  std::uint32_t state = 2463534242U;
  for (char& c : into) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    c = static_cast<char>('!' + state % 90);
  }
}

volatile int used;
void Use(std::string_view text) {
  for (const char c : text) {
    used = used + c;
  }
}

void LeavesIt() {
  Secret secret;
  MakeSecret(secret);
  Use({secret.data(), secret.size()});
}

void WipesAtItsEnd() {
  Secret secret;
  const ScopedWipe wipe(Bytes(reinterpret_cast<std::uint8_t*>(secret.data()), secret.size()));
  MakeSecret(secret);
  Use({secret.data(), secret.size()});
}

void HoldsOne() {
  std::array<std::uint8_t, kSecretBytes> room;
  HeldSecret held(room);
  Secret secret;
  const ScopedWipe wipe(Bytes(reinterpret_cast<std::uint8_t*>(secret.data()), secret.size()));
  MakeSecret(secret);
  static_cast<void>(held.Assign(SecretView({secret.data(), secret.size()})));
  Use(held.view().Reveal());
}

/// What a server says is compared with the secret in several encodings, made on the stack.
void LooksForIt() {
  Secret secret;
  const ScopedWipe wipe(Bytes(reinterpret_cast<std::uint8_t*>(secret.data()), secret.size()));
  MakeSecret(secret);
  Settings settings;
  settings.client_id = "id";
  settings.client_secret = SecretView({secret.data(), secret.size()});
  used = used + (RepeatsSecret("some words of a server", settings) ? 1 : 0);
}

/// Runs it on a stack that nothing else touches.
std::vector<char> StackAfter(void (*function)()) {
  std::vector<char> stack(std::size_t{64} * 1024, 'p');
  ucontext_t here;
  ucontext_t there;
  ::getcontext(&there);
  there.uc_stack.ss_sp = stack.data();
  there.uc_stack.ss_size = stack.size();
  there.uc_link = &here;
  ::makecontext(&there, function, 0);
  ::swapcontext(&here, &there);
  return stack;
}

/// Whether twelve characters of the secret, as it is or in Base64, stand there.
bool HoldsSecret(std::string_view stack) {
  constexpr std::size_t kWindow = 12;
  Secret secret;
  MakeSecret(secret);
  for (std::size_t at = 0; at + kWindow <= secret.size(); ++at) {
    if (stack.find(std::string_view(&secret[at], kWindow)) != std::string_view::npos) {
      return true;
    }
  }
  return false;
}

struct Row {
  const char* name;
  void (*function)();
  bool leaves;
};
constexpr Row kRows[] = {{"one that does not wipe is found", LeavesIt, true},
                         {"ScopedWipe", WipesAtItsEnd, false},
                         {"HeldSecret", HoldsOne, false},
                         {"RepeatsSecret", LooksForIt, false}};

}  // namespace
}  // namespace connect_auth

int main() {
  using namespace connect_auth;  // NOLINT(google-build-using-namespace)
  bool fine = true;
  for (const Row& row : kRows) {
    const std::vector<char> stack = StackAfter(row.function);
    const bool touched = std::any_of(stack.begin(), stack.end(), [](char c) { return c != 'p'; });
    const bool left = HoldsSecret({stack.data(), stack.size()});
    std::printf("%-32s %s\n", row.name, left ? "left in memory" : "gone");
    fine = fine && touched && left == row.leaves;
  }
  return fine ? 0 : 1;
}
