// SPDX-License-Identifier: Apache-2.0
//
// What comes out of storage. Octets that nobody sealed open as nothing, and what was sealed opens
// as itself and not with a bit flipped. A payload that is authentic and hostile all the same (who
// has the key wrote it) is refused, or written out again reads as the same. The last octet chooses.
#include <algorithm>
#include <array>
#include <string>

#include "agent/encoding/byte_order.h"
#include "agent/provisioning/provision_receiver.h"
#include "agent/provisioning/provision_record.h"
#include "agent/store/state_record.h"
#include "agent/store/tls_session_record.h"
#include "tests/fake/fake_clock.h"
#include "tests/fake/fake_entropy.h"
#include "tests/fake/fake_storage.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/settings.h"

namespace connect_auth::fuzz {
namespace {

constexpr std::array<std::uint8_t, Settings::kRecordKeyBytes> kKey = {1, 2, 3};
constexpr Fingerprint kFingerprint = {4, 5, 6};
constexpr RecordType kType = RecordType::kTlsSession;
constexpr std::size_t kMostPayload = 2048;

/// The engine with all it needs, started once: that takes longer than everything else here.
struct Device {
  Device() { Check(engine.Start(arena, clock, entropy) == Status::kOk, "the engine starts"); }
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  static Device& Instance() {
    static Device device;
    return device;
  }

  fake::FakeClock clock;
  fake::FakeEntropy entropy;
  std::array<std::uint8_t, 16384> arena{};
  Engine engine;
};

bool IsZero(ConstBytes octets) {
  return std::all_of(octets.begin(), octets.end(), [](std::uint8_t octet) { return octet == 0; });
}

Bytes PayloadOf(const Exact& record) {
  return record.bytes().subspan(SealedRecord::kHeaderBytes,
                                record.bytes().size() - SealedRecord::kOverheadBytes);
}

/// @return  The record of such a payload.
Exact Sealed(ConstBytes payload, std::uint32_t sequence) {
  Exact record(payload.size() + SealedRecord::kOverheadBytes);
  CopyBytes(payload, record.bytes().subspan(SealedRecord::kHeaderBytes));
  Check(SealRecord(kType, sequence, kKey, kFingerprint, Device::Instance().engine,
                   record.bytes()) == Status::kOk,
        "a record can be sealed");
  return record;
}

/// Octets that nobody sealed.
void FuzzForged(Input input) {
  const Exact record(input.rest());
  static_cast<void>(SequenceOf(record.bytes()));
  static_cast<void>(SealedForWhom(kKey, kFingerprint, record.bytes()));
  Check(OpenRecord(kType, kKey, kFingerprint, record.bytes()).status() == Status::kCorrupt,
        "nothing forged opens");
  const bool has_payload = record.bytes().size() > SealedRecord::kOverheadBytes;
  Check(!has_payload || record.text() == AsText(input.rest()) || IsZero(PayloadOf(record)),
        "nothing stands where its payload would");
}

/// What was sealed, and with a bit flipped.
void FuzzSealed(Input input) {
  const auto sequence = static_cast<std::uint32_t>(input.Number(4));
  const std::uint64_t flipped = input.Number(2);
  const ConstBytes payload = input.Take(kMostPayload);
  const Exact record = Sealed(payload, sequence);
  const Exact damaged(record.bytes());
  Check(SequenceOf(record.bytes()) == sequence, "the sequence number is told");
  Check(OpenRecord(kType, kKey, kFingerprint, record.bytes()).value_or(~sequence) == sequence &&
            AsText(PayloadOf(record)) == AsText(payload),
        "what was sealed opens as itself");
  std::uint8_t& octet = damaged.bytes()[flipped / 8 % damaged.bytes().size()];
  octet = static_cast<std::uint8_t>(octet ^ (1U << (flipped % 8)));
  Check(!OpenRecord(kType, kKey, kFingerprint, damaged.bytes()).ok(), "damage is found out");
}

struct HeldState {
  explicit HeldState(std::size_t refresh_room) : refresh(refresh_room) {}

  Exact token{512};
  Exact refresh;
  State state{token.bytes(), refresh.bytes()};
};

std::string Encoded(const State& state) {
  const Exact payload(StateRecord::Size(state));
  EncodeState(state, payload.bytes());
  return std::string(payload.text());
}

void FuzzState(Input input) {
  HeldState held(input.Flag() ? 512 : 16);
  const Exact payload(input.rest());
  const Status status = DecodeState(payload.bytes(), held.state);
  Check(status == Status::kOk || status == Status::kCorrupt || status == Status::kBufferTooSmall,
        "a status that is documented");
  const State& state = held.state;
  if (status == Status::kCorrupt) {
    Check(state.token.empty() && state.refresh_token.view().empty() && !state.has_marks(),
          "what is corrupt is wiped");
    return;
  }
  HeldState again(512);
  const std::string text = Encoded(state);
  const Exact copy(AsBytes(text));
  Check(DecodeState(copy.bytes(), again.state) == Status::kOk, "what is written is read");
  Check(Encoded(again.state) == text, "as the same");
}

/// A session that is authentic. What mbedTLS makes of it is seen when a connection offers it.
void FuzzSession(Input input) {
  const auto now = static_cast<std::int64_t>(input.Number(5));
  const Exact record = Sealed(input.Take(kMostPayload), 7);
  Device& device = Device::Instance();
  device.clock.SetWallTime(UnixSeconds{now});
  fake::FakeStorage<> storage;
  Check(storage.Store("tls_session", record.bytes()) == Status::kOk, "it can be stored");
  const Exact room(TlsSessionRecord::kFixedBytes + 256);
  SessionCache sessions(TlsSessionRecord::PayloadOf(room.bytes()));
  TlsSessionRecord stored(room.bytes(), storage, device.engine, sessions);
  stored.Start(kKey, kFingerprint);
  stored.LoadOnce();
  if (!sessions.empty()) {
    Digest nobody{};
    CopyBytes(TlsSessionRecord::PayloadOf(room.bytes()).first(nobody.size()), nobody);
    nobody.back() ^= 1;
    Check(!sessions.IsGoodFor(nobody, UnixSeconds{now}), "it is offered to nobody else");
    // A connection brings another one, which is to take its place.
    const Bytes payload = TlsSessionRecord::PayloadOf(room.bytes());
    PutBigEndian(static_cast<std::uint64_t>(now), payload.subspan(32, 8));
    sessions.Adopt(sessions.size());
    stored.StoreIfWorthIt(now % 2 != 0);
  }
  Check(stored.Erase() == Status::kOk && storage.contents("tls_session").empty(),
        "it can be erased");
  stored.Stop();
  Check(IsZero(room.bytes()), "nothing of it is left");
}

std::string EncodedProvision(const Provision& provision) {
  const Exact payload(ProvisionBytes(provision));
  EncodeProvision(provision, payload.bytes());
  return std::string(payload.text());
}

void FuzzProvision(Input input) {
  const Exact payload(input.rest());
  Provision provision;
  const Status status = DecodeProvision(payload.bytes(), provision);
  Check(status == Status::kOk || status == Status::kMalformed || status == Status::kInvalidArgument,
        "a status that is documented");
  if (status != Status::kOk) {
    return;
  }
  static_cast<void>(CheckSettings(provision.settings));
  const std::string text = EncodedProvision(provision);
  const Exact copy(AsBytes(text));
  Provision again;
  Check(DecodeProvision(copy.bytes(), again) == Status::kOk, "what is written is read");
  Check(EncodedProvision(again) == text, "as the same");
}

/// Lines of a console.
void FuzzReceiver(Input input) {
  const Exact room(256);
  ProvisionReceiver receiver(room.bytes());
  while (!input.empty()) {
    const std::string_view rest = AsText(input.rest());
    const Exact line(input.Take(std::min(rest.find('\n'), rest.size())));
    input.Take(1);
    const std::size_t before = receiver.record().size();
    const Status status = receiver.Take(line.text());
    const std::size_t after = receiver.record().size();
    Check(status == Status::kPending
              ? after > before && after - before <= ProvisionReceiver::kOctetsPerLine &&
                    line.text().size() == 2 * (after - before)
          : status == Status::kOk ? after == before && after > 0
                                  : after == 0,
          "a line counts whole or not at all");
    Check(status != Status::kOk || line.text() == ProvisionReceiver::kEnd, "the end is the end");
  }
}

}  // namespace

void Run(ConstBytes octets) {
  constexpr std::array kKinds = {FuzzForged,  FuzzSealed,    FuzzState,
                                 FuzzSession, FuzzProvision, FuzzReceiver};
  Input input(octets);
  kKinds[input.Below(kKinds.size())](input);
}

}  // namespace connect_auth::fuzz
