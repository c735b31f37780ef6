// SPDX-License-Identifier: Apache-2.0
//
// The firmware: what the board has, put together, and the loop that drives it.

#include <algorithm>
#include <array>
#include <cstddef>
#include <new>

#include "agent/store/ring_storage.h"
#include "lwip/def.h"
#include "platform/lwip/lwip_connection.h"
#include "platform/lwip/lwip_system.h"
#include "platform/smartfusion2/device_key.h"
#include "platform/smartfusion2/ethernet.h"
#include "platform/smartfusion2/firmware/application.h"
#include "platform/smartfusion2/firmware/memory.h"
#include "platform/smartfusion2/kept_time.h"
#include "platform/smartfusion2/mss_spi.h"
#include "platform/smartfusion2/nor_map.h"
#include "platform/smartfusion2/reset.h"
#include "platform/smartfusion2/spi_nor_flash.h"
#include "platform/smartfusion2/stack.h"
#include "platform/smartfusion2/systick_clock.h"
#include "platform/smartfusion2/uart.h"
#include "platform/smartfusion2/watchdog.h"

namespace connect_auth::smartfusion2 {
namespace {

class UartSink final : public TextSink {
 public:
  void Write(std::string_view text) override { Uart::Write(text); }
};

std::uint32_t InNetworkOrder(std::int64_t address) {
  return lwip_htonl(static_cast<std::uint32_t>(address));
}

class Board final : public BoardControl {
 public:
  /// @param clock, ethernet  Borrowed for the life of this object.
  Board(const SystickClock& clock, Ethernet& ethernet) : clock_(clock), ethernet_(ethernet) {}

  void StartNetwork(const Mac& mac, const Provision::Network& network, Entropy& entropy) override {
    lwip::StartSystem(clock_, entropy);
    const StaticAddress fixed{InNetworkOrder(network.address), InNetworkOrder(network.netmask),
                              InNetworkOrder(network.gateway), InNetworkOrder(network.dns)};
    ethernet_.Start(mac, network.address == 0 ? nullptr : &fixed);
    started_ = true;
  }

  std::uint32_t address() const override {
    return started_ && ethernet_.has_link() ? ethernet_.address() : 0;
  }

  void DescribeSelf(TextSink& sink) override {
    const StackUse thread = ThreadStack();
    const StackUse handlers = HandlerStack();
    Line(sink)
        .Add("stack ")
        .Add(static_cast<std::int64_t>(thread.most_used))
        .Add(" of ")
        .Add(static_cast<std::int64_t>(thread.size))
        .Add(", of handlers ")
        .Add(static_cast<std::int64_t>(handlers.most_used))
        .Add(" of ")
        .Add(static_cast<std::int64_t>(handlers.size));
    Line(sink).Add("frames not sent ").Add(ethernet_.unsent());
    Line(sink).Add("turns of the loop ").Add(turns_);
    const std::uint64_t awake =
        (clock_.Ticks() - asleep_) / (SystickClock::kTicksPerSecond / 1000000);
    Line(sink).Add("awake ").Add(static_cast<std::int64_t>(awake)).Add(" us");
  }

  std::uint64_t noise() const override { return clock_.Ticks(); }

  void Reset() override {
    Uart::Flush();
    smartfusion2::Reset();
  }

  /// Counts time in which nothing was done.
  void AddSleep(std::uint64_t ticks) { asleep_ += ticks; }

  void Poll() {
    ++turns_;
    if (started_) {
      ethernet_.Poll(clock_.Now());
    }
  }

  /// When `Poll()` has to come, whatever wakes the processor before.
  Instant next_poll() const { return started_ ? ethernet_.next_poll() : Instant::Never(); }

 private:
  const SystickClock& clock_;
  Ethernet& ethernet_;
  std::uint32_t turns_ = 0;
  std::uint64_t asleep_ = 0;  // ticks
  bool started_ = false;
};

/// Everything there is, in the order in which each needs the others. Never destroyed.
struct Device {
  Device();

  [[noreturn]] void Run();
  void Sleep(Instant until);
  void KeepTimeOfDay();

  SystickClock clock;
  UartSink console;
  Ethernet ethernet;
  Board board{clock, ethernet};
  MssSpi spi;
  SpiNor nor{spi, clock};
  SpiNorFlash settings_area{nor, kSettingsFirstBlock, kSettingsBlocks};
  SpiNorFlash state_area{nor, kStateFirstBlock, kStateBlocks};
  RingStorage settings{settings_area};
  RingStorage state{state_area};
  lwip::LwipConnection connection;
  Application application{
      {clock, console, settings, state, connection, board, DeviceKey()},
      {memory::tls_arena, memory::io, memory::token, memory::refresh_token, memory::tls_session}};
};

Device::Device() {
  clock.Start();
  const Result<UnixSeconds> kept = KeptTime();
  if (kept.ok()) {
    clock.SetStartTime(kept.value());
  }
  Uart::Start();
}

void Device::KeepTimeOfDay() {
  const Result<UnixSeconds> now = application.WallTime();
  if (now.ok()) {
    KeepTime(now.value());
  }
}

void Device::Sleep(Instant until) {
  const std::uint64_t begin = clock.Ticks();
  // Masked interrupts still end WFI, so that none is missed between the look and the sleep.
  asm volatile("cpsid i" ::: "memory");
  while (clock.Now() < until && !Uart::HasInput() && !Emac::HasInterrupt()) {
    asm volatile("dsb\n wfi\n cpsie i\n isb\n cpsid i" ::: "memory");
  }
  asm volatile("cpsie i" ::: "memory");
  board.AddSleep(clock.Ticks() - begin);
}

void Device::Run() {
  const Status found = nor.Identify();
  Line(console)
      .Add("connect-auth ")
      .Add(CONNECT_AUTH_FIRMWARE_VERSION)
      .Add(clock.WallTime().ok() ? ", time kept over a reset" : ", time unknown");
  if (found != Status::kOk) {
    Line(console).Add("FAILED no flash part, or it stays busy");
  }
  application.Begin();
  for (;;) {
    board.Poll();
    lwip::RunTimers();
    // One at a time: the rest has its turn however fast somebody types.
    const int octet = Uart::Read();
    if (octet >= 0) {
      application.Type(static_cast<char>(octet));
    }
    const Instant until = application.Step();
    KeepTimeOfDay();
    KickWatchdog();
    Sleep(std::min({until, lwip::NextTimer(), board.next_poll()}));
  }
}

alignas(Device) std::array<std::byte, sizeof(Device)> room;

}  // namespace
}  // namespace connect_auth::smartfusion2

int main() {
  using namespace connect_auth::smartfusion2;
  (new (room.data()) Device)->Run();
}
