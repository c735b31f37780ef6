// SPDX-License-Identifier: Apache-2.0
//
// An image with nothing but the board's network, which does what it is told over the console:
//
//   dhcp, static   brings the interface up with an address of that kind: ADDRESS ...
//   fetch OCTETS   sends kSent octets to the server, reads as many as it asked for: FETCHED ...
//   dawdle OCTETS  the same, but reads rarely and little
//   deaf           does nothing for a while, so that what comes in has no room: DEAF, HEARS ...
//   link           waits until the cable is out and in again: LINK down, LINK up
//   end            EXIT 0

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "lwip/def.h"
#include "platform/lwip/lwip_connection.h"
#include "platform/lwip/lwip_system.h"
#include "platform/smartfusion2/ethernet.h"
#include "platform/smartfusion2/firmware/line_editor.h"
#include "platform/smartfusion2/firmware/text_sink.h"
#include "platform/smartfusion2/registers.h"
#include "platform/smartfusion2/reset.h"
#include "platform/smartfusion2/systick_clock.h"
#include "platform/smartfusion2/uart.h"
#include "tests/fake/fake_entropy.h"

namespace connect_auth::smartfusion2 {
namespace {

constexpr MacAddress kMac{0x02, 0x00, 0x5E, 0x00, 0x53, 0x01};
constexpr StaticAddress kStatic{PP_HTONL(0x0A00024D), PP_HTONL(0xFFFFFF00), PP_HTONL(0x0A000202),
                                PP_HTONL(0x0A000203)};
constexpr std::string_view kServer = "10.0.2.100";
constexpr std::uint16_t kPort = 4433;
constexpr std::size_t kSent = 20'000;
constexpr Millis kLongestFetch{120'000};
constexpr Millis kDeafness{500};
constexpr std::uint32_t kReceiveStatus = 0x194;
constexpr std::uint32_t kOverflow = 1U << 2;

class UartSink final : public TextSink {
 public:
  void Write(std::string_view text) override { Uart::Write(text); }
};

UartSink console;
SystickClock wall;
fake::FakeEntropy entropy;
Ethernet ethernet;
lwip::LwipConnection connection;

void Turn() {
  ethernet.Poll(wall.Now());
  lwip::RunTimers();
}

// What both sides send: octets that tell their place.
std::uint8_t OctetAt(std::size_t place) {
  return static_cast<std::uint8_t>(place % 251);
}

/// One transfer with the server: the number of octets that is wanted on a line, then kSent of them;
/// then those that were wanted, and the end.
class Fetch {
 public:
  Fetch(std::string_view wanted, bool dawdles) : wanted_(wanted), dawdles_(dawdles) {}

  void Run() {
    const Instant end = wall.Now() + kLongestFetch;
    while (Step() && wall.Now() < end) {
      Turn();
    }
    connection.Close();
    Line(console)
        .Add("FETCHED ")
        .Add(static_cast<std::int64_t>(received_))
        .Add(", wrong ")
        .Add(static_cast<std::int64_t>(wrong_))
        .Add(ended_ ? ", whole" : ", broken")
        .Add(", unsent ")
        .Add(ethernet.unsent())
        .Add(", dropped ")
        .Add(ethernet.dropped());
  }

 private:
  // False: there is no more to do.
  bool Step() {
    const Status connected = connection.Connect(kServer, kPort);
    if (connected != Status::kOk) {
      return connected == Status::kPending;
    }
    return sent_ < wanted_.size() + 1 + kSent ? Send() : Receive();
  }

  bool Send() {
    std::array<std::uint8_t, 700> piece;
    std::size_t size = 0;
    for (; size < piece.size() && sent_ + size < wanted_.size() + 1 + kSent; ++size) {
      piece[size] = ToSend(sent_ + size);
    }
    const IoResult written = connection.Write(ConstBytes(piece).first(size));
    sent_ += written.ok() ? written.bytes() : 0;
    return written.ok() || written.status() == Status::kPending;
  }

  std::uint8_t ToSend(std::size_t place) const {
    if (place < wanted_.size()) {
      return static_cast<std::uint8_t>(wanted_[place]);
    }
    return place == wanted_.size() ? std::uint8_t{'\n'} : OctetAt(place - wanted_.size() - 1);
  }

  bool Receive() {
    if (dawdles_ && wall.Now() < next_read_) {
      return true;
    }
    next_read_ = wall.Now() + Millis{20};
    std::array<std::uint8_t, 700> piece;
    const IoResult read = connection.Read(Bytes(piece));
    for (std::size_t i = 0; read.ok() && i < read.bytes(); ++i) {
      wrong_ += piece[i] == OctetAt(received_ + i) ? 0U : 1U;
    }
    received_ += read.ok() ? read.bytes() : 0;
    ended_ = read.status() == Status::kClosed;
    return read.ok() || read.status() == Status::kPending;
  }

  std::string_view wanted_;
  bool dawdles_;
  Instant next_read_{};
  std::size_t sent_ = 0;
  std::size_t received_ = 0;
  std::size_t wrong_ = 0;
  bool ended_ = false;
};

void BringUp(const StaticAddress* fixed) {
  lwip::StartSystem(wall, entropy);
  ethernet.Start(kMac, fixed);
  while (!ethernet.has_link() || ethernet.address() == 0) {
    Turn();
  }
  Line(console).Add("ADDRESS ").AddAddress(ethernet.address());
}

void BeDeaf() {
  Line(console).Add("DEAF");
  const Instant end = wall.Now() + kDeafness;
  while (wall.Now() < end) {
  }
  const bool overflowed = (Register(kEmac, kReceiveStatus) & kOverflow) != 0;
  Line(console).Add("HEARS again, ").Add(overflowed ? "overflowed" : "had room");
}

void WatchLink() {
  for (const bool up : {false, true}) {
    while (ethernet.has_link() != up) {
      Turn();
    }
    Line(console).Add("LINK ").Add(up ? "up" : "down");
  }
}

void Do(std::string_view line) {
  const std::size_t blank = std::min(line.find(' '), line.size());
  const std::string_view command = Part(line, 0, blank);
  const std::string_view rest = Part(line, std::min(blank + 1, line.size()));
  if (command == "dhcp") {
    BringUp(nullptr);
  } else if (command == "static") {
    BringUp(&kStatic);
  } else if (command == "fetch" || command == "dawdle") {
    Fetch(rest, command == "dawdle").Run();
  } else if (command == "deaf") {
    BeDeaf();
  } else if (command == "link") {
    WatchLink();
  } else {
    Exit(command == "end" ? 0 : 1);
  }
}

[[noreturn]] void Run() {
  wall.Start();
  Uart::Start();
  Line(console).Add("READY");
  LineEditor editor;
  bool up = false;
  for (;;) {
    if (up) {
      Turn();
    }
    const int octet = Uart::Read();
    if (octet >= 0 && editor.Take(static_cast<char>(octet))) {
      Do(editor.line());
      up = true;
    }
  }
}

}  // namespace
}  // namespace connect_auth::smartfusion2

int main() {
  connect_auth::smartfusion2::Run();
}
