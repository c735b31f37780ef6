// SPDX-License-Identifier: Apache-2.0
//
// platform/posix keeps the contracts of the ports.

#include <netdb.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>

#include "platform/posix/boot_clock.h"
#include "platform/posix/file_flash.h"
#include "platform/posix/file_storage.h"
#include "platform/posix/socket_connection.h"
#include "platform/posix/system_entropy.h"
#include "tests/platform/loopback_peer.h"
#include "tests/platform/scratch_directory.h"
#include "tests/port/contract_clock.h"
#include "tests/port/contract_entropy.h"
#include "tests/port/contract_flash.h"
#include "tests/port/contract_network.h"
#include "tests/port/contract_storage.h"

using namespace connect_auth;  // NOLINT(google-build-using-namespace): a test, not a header

namespace {

using test::LoopbackPeer;
using test::ScratchDirectory;

constexpr uid_t kNobody = 65534;

int RunClock() {
  posix::BootClock clock;
  contract::ClockFixture fixture;
  fixture.clock = &clock;
  fixture.pass = [](void*, Millis span) {
    static_cast<void>(::poll(nullptr, 0, static_cast<int>(span.count)));
  };
  fixture.knows_boots = ::access("/proc/sys/kernel/random/boot_id", R_OK) == 0;
  return contract::Run("posix/clock", contract::ClockSuite(fixture));
}

bool kernel_has_no_entropy = false;  // getrandom(2) has no argument in which to hand this over.

ssize_t GetRandom(void* into, std::size_t size, unsigned int flags) {
  if (kernel_has_no_entropy) {
    errno = EAGAIN;
    return -1;
  }
  return ::getrandom(into, size, flags);
}

int RunEntropy() {
  posix::SystemEntropy entropy(GetRandom);
  contract::EntropyFixture fixture;
  fixture.entropy = &entropy;
  fixture.set_failing = [](void*, bool failing) { kernel_has_no_entropy = failing; };
  return contract::Run("posix/entropy", contract::EntropySuite(fixture));
}

struct FlashBoard {
  std::array<char, 300> folder{};
  std::array<char, 300> folder_taken_away{};
};

int RunFlash(const char* group, const FlashGeometry& geometry) {
  const ScratchDirectory scratch;
  FlashBoard board;
  std::array<char, 310> path{};
  std::snprintf(board.folder.data(), board.folder.size(), "%s/part", scratch.path());
  std::snprintf(board.folder_taken_away.data(), board.folder.size(), "%s/away", scratch.path());
  std::snprintf(path.data(), path.size(), "%s/flash", board.folder.data());
  ::mkdir(board.folder.data(), 0700);
  posix::FileFlash flash(path.data(), geometry);
  posix::FileFlash after_reboot(path.data(), geometry);
  contract::FlashFixture fixture;
  fixture.flash = &flash;
  fixture.context = &board;
  fixture.set_broken = [](void* context, bool broken) {
    const FlashBoard& self = *static_cast<FlashBoard*>(context);
    const char* const from = broken ? self.folder.data() : self.folder_taken_away.data();
    const char* const to = broken ? self.folder_taken_away.data() : self.folder.data();
    static_cast<void>(std::rename(from, to));
  };
  fixture.reboot = [](contract::FlashFixture&) {};  // The file is opened afresh by every call.
  const int failures = contract::Run(group, contract::FlashSuite(fixture));
  scratch.Remove();
  return failures;
}

/// Runs as an ordinary user: the modes of a directory do not bind root.
int RunStorage() {
  static std::array<std::uint8_t, 2 * Storage::kMaxRecordBytes> memory;
  const ScratchDirectory scratch;
  const bool is_root = ::geteuid() == 0;
  if (is_root && (::chown(scratch.path(), kNobody, kNobody) != 0 || ::seteuid(kNobody) != 0)) {
    return 1;
  }
  posix::FileStorage storage(scratch.path());
  contract::StorageFixture fixture;
  fixture.storage = &storage;
  fixture.context = const_cast<char*>(scratch.path());
  fixture.scratch = memory;
  fixture.largest = Storage::kMaxRecordBytes;
  fixture.reboot = [](contract::StorageFixture&) {};  // The object remembers nothing.
  fixture.set_medium = [](void* context, contract::Medium medium) {
    const mode_t mode = medium == contract::Medium::kHealthy    ? 0700
                        : medium == contract::Medium::kReadOnly ? 0500
                                                                : 0000;
    return ::chmod(static_cast<const char*>(context), mode) == 0;
  };
  const int failures = contract::Run("posix/storage", contract::StorageSuite(fixture));
  if (is_root) {
    static_cast<void>(!::seteuid(0));
    ::prctl(PR_SET_DUMPABLE, 1);  // Taken away by seteuid(2), and the leak checker needs it.
  }
  scratch.Remove();
  return failures;
}

/// A resolver that knows all the answers.
int LookUp(const char* host, posix::AddressList& into) {
  if (std::strcmp(host, "later.test") == 0) {
    return EAI_AGAIN;
  }
  if (std::strcmp(host, "localhost") == 0) {
    return posix::SystemLookUp(host, into);
  }
  return EAI_NONAME;
}

struct NetworkBoard {
  explicit NetworkBoard(int address_family) : family(address_family) {}

  int family;
  LoopbackPeer peer;
  posix::SocketConnection connection{LookUp};
};

bool StartPeer(contract::NetworkFixture& fixture, contract::Peer peer, contract::Endpoint& at) {
  NetworkBoard& board = *static_cast<NetworkBoard*>(fixture.context);
  if (peer == contract::Peer::kUnknownName || peer == contract::Peer::kNoResolver) {
    at = {peer == contract::Peer::kUnknownName ? "unknown.test" : "later.test", 443};
    return true;
  }
  if (!board.peer.Start(board.family, peer)) {
    return false;
  }
  at = {board.peer.host(), board.peer.port()};
  return true;
}

int RunNetwork(const char* group, int family) {
  NetworkBoard board(family);
  const posix::BootClock clock;
  contract::NetworkFixture fixture;
  fixture.connection = &board.connection;
  fixture.clock = &clock;
  fixture.context = &board;
  fixture.start = StartPeer;
  fixture.stop = [](contract::NetworkFixture& self) {
    static_cast<NetworkBoard*>(self.context)->peer.Stop();
  };
  fixture.wait = [](contract::NetworkFixture& self, Interest interest) {
    static_cast<void>(
        static_cast<NetworkBoard*>(self.context)->connection.Wait(interest, Millis{10}));
  };
  return contract::Run(group, contract::NetworkSuite(fixture));
}

bool HasIpv6() {
  LoopbackPeer peer;
  return peer.Start(AF_INET6, contract::Peer::kRefuses);
}

}  // namespace

int main() {
  int failures = RunClock() + RunEntropy();
  failures += RunFlash("posix/flash (any byte)", {4096, 4, 1, true});
  failures += RunFlash("posix/flash (16 bytes with ECC)", {8192, 2, 16, false});
  failures += RunStorage();
  failures += RunNetwork("posix/network over IPv4", AF_INET);
  if (HasIpv6()) {
    failures += RunNetwork("posix/network over IPv6", AF_INET6);
  } else {
    std::puts("posix/network over IPv6: skipped, this machine has no ::1");
  }
  return failures == 0 ? 0 : 1;
}
