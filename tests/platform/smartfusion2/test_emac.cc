// SPDX-License-Identifier: Apache-2.0
//
// The driver of the MAC, against a model of it that knows what QEMU's does not.

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <random>
#include <vector>

#include "platform/smartfusion2/emac.h"
#include "tests/cmocka.h"
#include "tests/platform/smartfusion2/mac_model.h"

using namespace connect_auth;  // NOLINT(google-build-using-namespace): a test, not a header

namespace {

using smartfusion2::Emac;
using smartfusion2::MacAddress;
using test::FrameOctets;
using test::MacModel;
using Frames = std::vector<FrameOctets>;

constexpr MacAddress kAddress{2, 0, 0, 0, 0, 1};

struct Fixture {
  Fixture() { emac.Start(kAddress); }

  MacModel mac;
  Emac emac;
};

FrameOctets Numbered(std::uint32_t number) {
  FrameOctets frame(60 + number % 1000, 0);
  for (std::size_t i = 0; i < 4; ++i) {
    frame[i] = static_cast<std::uint8_t>(number >> (8 * i));
  }
  return frame;
}

FrameOctets Copied(const Emac::Frame& frame) {
  return {frame.octets.begin(), frame.octets.end()};
}

bool IsNone(const Emac::Frame& frame) {
  return frame.buffer == Emac::kBuffers;
}

// Everything that waits, given back at once.
Frames TakeAll(Emac& emac) {
  Frames frames;
  for (Emac::Frame frame = emac.Take(); !IsNone(frame); frame = emac.Take()) {
    frames.push_back(Copied(frame));
    emac.Give(frame.buffer);
  }
  Emac::HeedInterrupt();
  return frames;
}

// Whatever happened before: a whole ring of frames comes through.
void AssertReceives(Fixture& fixture) {
  Frames sent;
  for (std::uint32_t i = 0; i < Emac::kDescriptors; ++i) {
    sent.push_back(Numbered(0xF0000000 + i));
    assert_true(fixture.mac.Arrive(sent.back()));
  }
  assert_true(TakeAll(fixture.emac) == sent);
}

void emac_frames_come_in_order_around_the_ring(void**) {
  Fixture fixture;
  for (std::uint32_t i = 0; i < 3 * Emac::kDescriptors; ++i) {
    assert_true(fixture.mac.Arrive(Numbered(i)));
    assert_true(TakeAll(fixture.emac) == Frames{Numbered(i)});
  }
  AssertReceives(fixture);
}

void emac_a_full_ring_drops_what_comes_and_then_goes_on(void**) {
  for (std::uint32_t before = 0; before < Emac::kDescriptors; ++before) {
    Fixture fixture;
    for (std::uint32_t i = 0; i < before; ++i) {
      assert_true(fixture.mac.Arrive(Numbered(i)));
      assert_int_equal(TakeAll(fixture.emac).size(), 1);
    }
    Frames kept;
    for (std::uint32_t i = 0; i < Emac::kDescriptors; ++i) {
      kept.push_back(Numbered(100 + i));
      assert_true(fixture.mac.Arrive(kept.back()));
    }
    assert_false(fixture.mac.Arrive(Numbered(200)));
    assert_false(fixture.mac.receives());

    assert_true(TakeAll(fixture.emac) == kept);
    AssertReceives(fixture);
  }
}

// Going on in the middle of what waits would put the MAC ahead of the driver for good.
void emac_goes_on_only_when_what_waited_is_taken(void**) {
  Fixture fixture;
  for (std::uint32_t i = 0; i < Emac::kDescriptors; ++i) {
    assert_true(fixture.mac.Arrive(Numbered(i)));
  }
  assert_false(fixture.mac.Arrive(Numbered(9)));

  for (std::uint32_t i = 0; i < Emac::kDescriptors; ++i) {
    assert_false(fixture.mac.receives());
    const Emac::Frame frame = fixture.emac.Take();
    assert_true(Copied(frame) == Numbered(i));
    fixture.emac.Give(frame.buffer);
  }
  AssertReceives(fixture);
}

void emac_lent_buffers_come_back_in_any_order(void**) {
  std::array<std::size_t, Emac::kBuffers> order{};
  for (std::size_t i = 0; i < order.size(); ++i) {
    order[i] = i;
  }
  do {
    Fixture fixture;
    for (std::uint32_t i = 0; i < Emac::kBuffers; ++i) {
      assert_true(fixture.mac.Arrive(Numbered(i)));
      assert_true(Copied(fixture.emac.Take()) == Numbered(i));
    }
    assert_int_equal(fixture.emac.lent(), Emac::kBuffers);
    assert_false(fixture.mac.Arrive(Numbered(9)));
    assert_true(IsNone(fixture.emac.Take()));
    for (const std::size_t buffer : order) {
      fixture.emac.Give(buffer);
    }
    assert_int_equal(fixture.emac.lent(), 0);
    AssertReceives(fixture);
  } while (std::next_permutation(order.begin(), order.end()));
}

void emac_goes_around_while_spare_buffers_are_lent(void**) {
  Fixture fixture;
  for (std::uint32_t i = 0; i < Emac::kSpareBuffers; ++i) {
    assert_true(fixture.mac.Arrive(Numbered(i)));
    fixture.emac.Take();
  }
  for (std::uint32_t i = 0; i < 3 * Emac::kDescriptors; ++i) {
    AssertReceives(fixture);
    assert_true(fixture.mac.Arrive(Numbered(i)));
    assert_int_equal(TakeAll(fixture.emac).size(), 1);
  }
}

// Frames come, are taken and come back as it pleases chance. What was stored is taken, in order and
// once, and afterwards the whole ring works.
void emac_any_order_of_events_loses_nothing_that_was_stored(void**) {
  std::mt19937 chance(1);
  for (int round = 0; round < 2000; ++round) {
    Fixture fixture;
    std::deque<FrameOctets> waiting;
    std::vector<std::size_t> lent;
    for (std::uint32_t step = 0; step < 60; ++step) {
      const std::uint32_t what = chance() % 8;
      if (what < 3) {
        if (fixture.mac.Arrive(Numbered(step))) {
          waiting.push_back(Numbered(step));
        }
      } else if (what < 6) {
        const Emac::Frame frame = fixture.emac.Take();
        assert_int_equal(IsNone(frame), waiting.empty());
        if (!IsNone(frame)) {
          assert_true(Copied(frame) == waiting.front());
          waiting.pop_front();
          lent.push_back(frame.buffer);
        }
      } else if (what < 7 && !lent.empty()) {
        std::swap(lent[chance() % lent.size()], lent.back());
        fixture.emac.Give(lent.back());
        lent.pop_back();
      } else if (chance() % 8 == 0) {
        fixture.mac.FailBus();
      }
    }
    for (const std::size_t buffer : lent) {
      fixture.emac.Give(buffer);
    }
    assert_int_equal(TakeAll(fixture.emac).size(), waiting.size());
    AssertReceives(fixture);
  }
}

void emac_a_failed_bus_does_not_end_receiving(void**) {
  Fixture fixture;
  assert_true(fixture.mac.Arrive(Numbered(1)));
  fixture.mac.FailBus();
  assert_true(Emac::HasInterrupt());

  assert_true(TakeAll(fixture.emac) == Frames{Numbered(1)});
  AssertReceives(fixture);
}

void emac_a_size_that_cannot_be_is_cut_to_the_buffer(void**) {
  Fixture fixture;
  for (const std::uint32_t size : {0U, 1U, 1520U, 1521U, 0x7FFU, 0x7FFFFFFFU, 0x7FFFF800U}) {
    assert_true(fixture.mac.ArriveWithSize(Numbered(0), size));
    const Emac::Frame frame = fixture.emac.Take();
    assert_int_equal(frame.octets.size(), std::min(size & 0x7FF, 1520U));
    fixture.emac.Give(frame.buffer);
  }
  AssertReceives(fixture);
}

void emac_interrupts_once_for_what_nobody_looked_at(void**) {
  Fixture fixture;
  assert_true(fixture.mac.Arrive(Numbered(1)));
  assert_true(fixture.mac.Arrive(Numbered(2)));
  assert_int_equal(fixture.mac.interrupts(), 1);
  assert_true(Emac::HasInterrupt());

  fixture.emac.Give(fixture.emac.Take().buffer);
  Emac::HeedInterrupt();
  assert_true(Emac::HasInterrupt());  // Another one waits.
  assert_int_equal(TakeAll(fixture.emac).size(), 1);
  assert_false(Emac::HasInterrupt());
}

// Otherwise the processor would not sleep until the last buffer is back.
void emac_does_not_interrupt_while_it_has_to_wait_for_buffers(void**) {
  Fixture fixture;
  for (std::uint32_t i = 0; i < Emac::kBuffers; ++i) {
    assert_true(fixture.mac.Arrive(Numbered(i)));
    assert_false(IsNone(fixture.emac.Take()));
  }
  assert_false(fixture.mac.Arrive(Numbered(9)));
  assert_true(Emac::HasInterrupt());
  assert_true(IsNone(fixture.emac.Take()));

  Emac::HeedInterrupt();

  assert_false(Emac::HasInterrupt());
  fixture.emac.Give(0);
  assert_true(fixture.mac.receives());
}

void emac_sends_what_it_is_given(void**) {
  Fixture fixture;
  for (std::uint32_t delay : {0U, 1U, 1000U}) {
    fixture.mac.SetSendDelay(delay);
    assert_true(fixture.emac.Send(Numbered(delay)));
    assert_true(fixture.mac.sent().back() == Numbered(delay));
  }
  assert_int_equal(fixture.mac.sent().size(), 3);
}

void emac_gives_up_on_a_frame_that_does_not_go(void**) {
  Fixture fixture;
  fixture.mac.SetSendDelay(MacModel::kNever);
  assert_false(fixture.emac.Send(Numbered(1)));

  fixture.mac.SetSendDelay(0);

  assert_true(fixture.mac.sent().empty());
  assert_true(fixture.emac.Send(Numbered(2)));
  assert_true(fixture.mac.sent() == Frames{Numbered(2)});
}

void emac_sees_the_cable_through_a_phy_that_answers(void**) {
  Fixture fixture;
  assert_true(fixture.emac.HasLink());
  fixture.mac.SetLink(false);
  assert_false(fixture.emac.HasLink());
  fixture.mac.SetLink(true);
  fixture.mac.SetPhyAnswers(false);
  assert_false(fixture.emac.HasLink());
}

}  // namespace

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(emac_frames_come_in_order_around_the_ring),
      cmocka_unit_test(emac_a_full_ring_drops_what_comes_and_then_goes_on),
      cmocka_unit_test(emac_goes_on_only_when_what_waited_is_taken),
      cmocka_unit_test(emac_lent_buffers_come_back_in_any_order),
      cmocka_unit_test(emac_goes_around_while_spare_buffers_are_lent),
      cmocka_unit_test(emac_any_order_of_events_loses_nothing_that_was_stored),
      cmocka_unit_test(emac_a_failed_bus_does_not_end_receiving),
      cmocka_unit_test(emac_a_size_that_cannot_be_is_cut_to_the_buffer),
      cmocka_unit_test(emac_interrupts_once_for_what_nobody_looked_at),
      cmocka_unit_test(emac_does_not_interrupt_while_it_has_to_wait_for_buffers),
      cmocka_unit_test(emac_sends_what_it_is_given),
      cmocka_unit_test(emac_gives_up_on_a_frame_that_does_not_go),
      cmocka_unit_test(emac_sees_the_cable_through_a_phy_that_answers),
  };
  return cmocka_run_group_tests_name("smartfusion2/emac", tests, nullptr, nullptr);
}
