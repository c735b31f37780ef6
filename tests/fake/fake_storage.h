// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "port/storage.h"

namespace connect_auth::fake {

/// Records in RAM. They survive a "reboot" as long as this object does.
///
/// @tparam kRecordBytes  Largest record the medium has room for; at most kMaxRecordBytes. Anything
///                       above is refused as a full medium does, with kUnavailable.
/// @tparam kRecords      Most records at a time.
template <std::size_t kRecordBytes = 4096, std::size_t kRecords = 4>
class FakeStorage final : public Storage {
 public:
  constexpr FakeStorage() = default;

  IoResult Load(std::string_view name, Bytes into) override {
    ++loads_;
    const Status injected = Count();
    if (!IsRecordName(name)) {
      return IoResult::Error(Status::kInvalidArgument);
    }
    if (injected != Status::kOk) {
      return IoResult::Error(injected);
    }
    const Record* const record = Find(name);
    if (record == nullptr) {
      return IoResult::Error(Status::kNotFound);
    }
    if (record->size > into.size()) {
      return IoResult::Error(Status::kBufferTooSmall);
    }
    CopyBytes(ConstBytes(record->bytes).first(record->size), into);
    return IoResult::Bytes(record->size);
  }

  Status Store(std::string_view name, ConstBytes data) override {
    ++stores_;
    const Status injected = CountChange();
    if (!IsRecordName(name) || data.size() > kMaxRecordBytes) {
      return Status::kInvalidArgument;
    }
    if (injected != Status::kOk) {
      return injected;
    }
    Record* const found = Find(name);
    Record* const record = found != nullptr ? found : Find({});
    if (record == nullptr || data.size() > kRecordBytes) {
      return Status::kUnavailable;
    }
    SetName(*record, name);
    CopyBytes(data, record->bytes);
    record->size = data.size();
    return Status::kOk;
  }

  Status Erase(std::string_view name) override {
    ++erases_;
    const Status injected = CountChange();
    if (!IsRecordName(name)) {
      return Status::kInvalidArgument;
    }
    if (injected != Status::kOk) {
      return injected;
    }
    Record* const record = Find(name);
    if (record != nullptr) {
      *record = {};
    }
    return Status::kOk;
  }

  Status Idle() override {
    ++idles_;
    const Status injected = Count();
    if (injected != Status::kOk) {
      return injected;
    }
    if (idle_work_ == 0) {
      return Status::kOk;
    }
    --idle_work_;
    return idle_work_ == 0 ? Status::kOk : Status::kPending;
  }

  /// Makes the `n`-th call of any kind fail with kUnavailable, counted from 1 over the life of
  /// this object.
  void FailCall(std::uint32_t n) { failing_call_ = n; }

  /// Makes every call fail, or lets them succeed again.
  void SetFailing(bool failing) { failing_ = failing; }

  /// Makes `Store` and `Erase` fail as on a medium that is full or read-only, or succeed again.
  void SetReadOnly(bool read_only) { read_only_ = read_only; }

  /// Number of `Idle()` calls until it says that nothing is left to do.
  void SetIdleWork(std::uint32_t calls) { idle_work_ = calls; }

  /// Access to a stored record, to look at it or to flip bits in it; empty when there is none.
  /// Borrowed until the next call that changes the record.
  Bytes contents(std::string_view name) {
    Record* const record = Find(name);
    return record != nullptr ? Bytes(record->bytes).first(record->size) : Bytes();
  }

  std::uint32_t calls() const { return calls_; }
  std::uint32_t loads() const { return loads_; }
  std::uint32_t stores() const { return stores_; }
  std::uint32_t erases() const { return erases_; }
  std::uint32_t idles() const { return idles_; }

 private:
  static_assert(kRecordBytes <= kMaxRecordBytes);

  struct Record {
    std::array<char, kMaxNameBytes + 1> name{};
    std::size_t size = 0;
    std::array<std::uint8_t, kRecordBytes> bytes{};
  };

  Status Count() {
    ++calls_;
    return failing_ || calls_ == failing_call_ ? Status::kUnavailable : Status::kOk;
  }

  Status CountChange() {
    const Status status = Count();
    return read_only_ ? Status::kUnavailable : status;
  }

  /// @param name  Empty finds a free place.
  Record* Find(std::string_view name) {
    for (Record& record : records_) {
      if (name == record.name.data()) {
        return &record;
      }
    }
    return nullptr;
  }

  static void SetName(Record& record, std::string_view name) {
    record.name = {};
    name.copy(record.name.data(), kMaxNameBytes);
  }

  std::array<Record, kRecords> records_{};
  std::uint32_t calls_ = 0;
  std::uint32_t loads_ = 0;
  std::uint32_t stores_ = 0;
  std::uint32_t erases_ = 0;
  std::uint32_t idles_ = 0;
  std::uint32_t failing_call_ = 0;
  std::uint32_t idle_work_ = 0;
  bool failing_ = false;
  bool read_only_ = false;
};
static_assert(std::is_trivially_destructible_v<FakeStorage<>>);

}  // namespace connect_auth::fake
