// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "platform/smartfusion2/spi_bus.h"
#include "tests/fake/fake_clock.h"
#include "tests/fake/fake_flash.h"

namespace connect_auth::test {

/// A serial NOR part as its driver sees it, command by command, over the cells of a FakeFlash. It
/// does what QEMU's part does not: it is busy for a while and then answers nothing but its status,
/// forgets with each change that writing was enabled, goes on at the beginning of a page behind its
/// end, has no erase of 4 KB, sleeps, may be protected, and loses its power where the FakeFlash is
/// told to cut it.
///
/// Each transaction takes a millisecond on the clock.
class SpiNorModel final : public smartfusion2::SpiBus {
 public:
  /// @param cells, clock  Borrowed for the life of this object.
  SpiNorModel(fake::FakeFlash& cells, fake::FakeClock& clock) : cells_(cells), clock_(clock) {}

  Status Transfer(ConstBytes command, ConstBytes data, Bytes into) override {
    clock_.Advance(Millis{1});
    std::fill(into.begin(), into.end(), kNobody);
    if (bus_fails_ || ++transfers_ == failing_transfer_) {
      return Status::kUnavailable;
    }
    if (present_ && cells_.is_powered()) {
      Answer(command, data, into);
    }
    if (transfers_ == disturbed_transfer_ && !into.empty()) {
      into[0] = static_cast<std::uint8_t>(into[0] ^ disturbance_);
    }
    return Status::kOk;
  }

  void SetPresent(bool present) { present_ = present; }
  void SetBusFails(bool fails) { bus_fails_ = fails; }
  /// The `n`-th transaction from here fails.
  void FailTransfer(std::uint32_t n) { failing_transfer_ = transfers_ + n; }
  /// Bits of what the `n`-th transaction from here receives first come over wrong.
  void Disturb(std::uint32_t n, std::uint8_t bits) {
    disturbed_transfer_ = transfers_ + n;
    disturbance_ = bits;
  }
  /// Does not let writing be enabled.
  void SetReadOnly(bool read_only) { read_only_ = read_only; }
  /// Its block protect bits: it takes every change and makes none.
  void SetProtected(bool is_protected) { protected_ = is_protected; }
  /// Is busy, and stays so.
  void Hang() { busy_until_ = Instant::Never(); }
  /// Never finishes the next change.
  void HangAtNextChange() { hangs_at_change_ = true; }
  void SetIdentity(std::array<std::uint8_t, 3> identity) { identity_ = identity; }
  /// As after power came on.
  void Reset() {
    busy_until_ = Instant{};
    enabled_ = false;
    sleeps_ = false;
    hangs_at_change_ = false;
  }
  bool is_busy() const { return clock_.Now() < busy_until_; }
  /// Commands that such a part does not have, or that came when it could not take them.
  std::uint32_t ignored() const { return ignored_; }
  std::uint32_t transfers() const { return transfers_; }

 private:
  static constexpr std::uint8_t kNobody = 0xFF;
  static constexpr std::uint8_t kProtectBits = 7 << 2;
  static constexpr Millis kProgramTime{2};
  static constexpr Millis kEraseTime{600};
  static constexpr std::uint32_t kBlock = 65536;
  static constexpr std::uint32_t kPage = 256;

  static std::uint32_t AddressIn(ConstBytes command) {
    return static_cast<std::uint32_t>(command[1] << 16 | command[2] << 8 | command[3]);
  }

  std::uint8_t status() const {
    return static_cast<std::uint8_t>((is_busy() ? 1 : 0) | (enabled_ ? 2 : 0) |
                                     (protected_ ? kProtectBits : 0));
  }

  void Answer(ConstBytes command, ConstBytes data, Bytes into) {
    const std::uint8_t code = command[0];
    if (code == 0xAB) {
      sleeps_ = false;
    } else if (sleeps_) {
      ++ignored_;
    } else if (code == 0x05) {
      into[0] = status();
    } else if (is_busy()) {
      ++ignored_;
    } else {
      Obey(code, command, data, into);
    }
  }

  void Obey(std::uint8_t code, ConstBytes command, ConstBytes data, Bytes into) {
    const bool has_address = command.size() == 4;
    if (code == 0x9F) {
      std::copy_n(identity_.begin(), std::min(into.size(), identity_.size()), into.begin());
    } else if (code == 0xB9) {
      sleeps_ = true;
    } else if (code == 0x06) {
      enabled_ = !read_only_;
    } else if (code == 0x03 && has_address) {
      static_cast<void>(cells_.Read(AddressIn(command), into));
    } else if ((code == 0x02 || code == 0xD8) && has_address && enabled_) {
      enabled_ = false;
      busy_until_ = hangs_at_change_ ? Instant::Never()
                                     : clock_.Now() + (code == 0x02 ? kProgramTime : kEraseTime);
      if (!protected_) {
        Change(code, AddressIn(command), data);
      }
    } else {
      ++ignored_;
    }
  }

  void Change(std::uint8_t code, std::uint32_t address, ConstBytes data) {
    if (code == 0xD8) {
      static_cast<void>(cells_.Erase(address / kBlock));
      return;
    }
    const std::uint32_t page = address - address % kPage;
    const std::size_t first = std::min<std::size_t>(data.size(), kPage - address % kPage);
    static_cast<void>(cells_.Program(address, data.first(first)));
    if (first < data.size()) {
      static_cast<void>(cells_.Program(page, data.subspan(first)));
    }
  }

  fake::FakeFlash& cells_;
  fake::FakeClock& clock_;
  Instant busy_until_;
  std::array<std::uint8_t, 3> identity_{0x01, 0x20, 0x18};
  std::uint32_t transfers_ = 0;
  std::uint32_t failing_transfer_ = 0;
  std::uint32_t disturbed_transfer_ = 0;
  std::uint32_t ignored_ = 0;
  std::uint8_t disturbance_ = 0;
  bool present_ = true;
  bool bus_fails_ = false;
  bool read_only_ = false;
  bool protected_ = false;
  bool enabled_ = false;
  bool sleeps_ = false;
  bool hangs_at_change_ = false;
};
static_assert(std::is_trivially_destructible_v<SpiNorModel>);

}  // namespace connect_auth::test
