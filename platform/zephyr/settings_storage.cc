// SPDX-License-Identifier: Apache-2.0
#include "platform/zephyr/settings_storage.h"

#include <sys/types.h>
#include <zephyr/settings/settings.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

namespace connect_auth::zephyr {
namespace {

constexpr std::uint8_t kMark = 1;

/// SUBTREE/NAME, with a NUL.
class Key {
 public:
  Key(const char* subtree, std::string_view name) {
    const std::size_t size = std::min(std::strlen(subtree), kMostSubtree);
    std::memcpy(text_.data(), subtree, size);
    text_[size] = '/';
    std::memcpy(text_.data() + size + 1, name.data(), name.size());
  }
  const char* text() const { return text_.data(); }

 private:
  static constexpr std::size_t kMostSubtree = 15;
  std::array<char, kMostSubtree + 1 + Storage::kMaxNameBytes + 1> text_{};
};

struct Reading {
  Bytes room;
  Bytes into;
  IoResult result = IoResult::Error(Status::kNotFound);
};

IoResult TakeRecord(std::size_t size, settings_read_cb read, void* value, const Reading& reading) {
  if (size == 0) {
    return IoResult::Error(Status::kNotFound);  // So some back ends show what was deleted.
  }
  if (size > reading.room.size()) {
    return IoResult::Error(Status::kUnavailable);  // Nobody here wrote that.
  }
  if (size - 1 > reading.into.size()) {
    return IoResult::Error(Status::kBufferTooSmall);
  }
  const ssize_t got = read(value, reading.room.data(), size);
  if (got < 0 || static_cast<std::size_t>(got) != size || reading.room[0] != kMark) {
    return IoResult::Error(Status::kUnavailable);
  }
  CopyBytes(reading.room.subspan(1, size - 1), reading.into);
  return IoResult::Bytes(size - 1);
}

/// What this returns, some versions of settings_load_subtree_direct() drop: the outcome is in the
/// context.
int TakeValue(const char* rest_of_key, std::size_t size, settings_read_cb read, void* value,
              void* context) {
  Reading& reading = *static_cast<Reading*>(context);
  if (rest_of_key == nullptr || *rest_of_key == '\0') {  // Else a value below this one.
    reading.result = TakeRecord(size, read, value, reading);
  }
  return 0;
}

}  // namespace

IoResult SettingsStorage::Load(std::string_view name, Bytes into) {
  if (!IsRecordName(name)) {
    return IoResult::Error(Status::kInvalidArgument);
  }
  Reading reading{room_, into};
  const int error = ::settings_load_subtree_direct(Key(subtree_, name).text(), TakeValue, &reading);
  return error == 0 ? reading.result : IoResult::Error(Status::kUnavailable);
}

Status SettingsStorage::Store(std::string_view name, ConstBytes record) {
  if (!IsRecordName(name) || record.size() > kMaxRecordBytes) {
    return Status::kInvalidArgument;
  }
  if (record.size() >= room_.size()) {
    return Status::kUnavailable;
  }
  room_[0] = kMark;
  CopyBytes(record, room_.subspan(1));
  const int error =
      ::settings_save_one(Key(subtree_, name).text(), room_.data(), record.size() + 1);
  return error == 0 ? Status::kOk : Status::kUnavailable;
}

Status SettingsStorage::Erase(std::string_view name) {
  if (!IsRecordName(name)) {
    return Status::kInvalidArgument;
  }
  return ::settings_delete(Key(subtree_, name).text()) == 0 ? Status::kOk : Status::kUnavailable;
}

}  // namespace connect_auth::zephyr
